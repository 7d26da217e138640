package org.bib.fsverity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against {@code fsverity digest} of fsverity-utils. */
@NullMarked
class FsVerityTest {
  @TempDir Path directory;

  // One block, a few, 128 (one block of hashes), 129 * 128 and more (three levels).
  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, 4095, 4096, 4097, 8192, 524288, 524289, 530000, 67108864, 67108865, 70000000})
  void digestTreeAndDescriptorAreThoseOfFsverityUtils(int size)
      throws IOException, InterruptedException {
    byte[] content = new byte[size];
    new Random(size).nextBytes(content);
    Path file = Files.write(directory.resolve("file"), content);
    Path tree = directory.resolve("tree");
    Path descriptor = directory.resolve("descriptor");
    String said =
        run(
            "fsverity",
            "digest",
            file.toString(),
            "--compact",
            "--out-merkle-tree=" + tree,
            "--out-descriptor=" + descriptor);

    byte[] ours = new byte[Math.toIntExact(FsVerity.treeSize(size))];
    FsVerity verity =
        new FsVerity(size, (position, block) -> block.get(ours, Math.toIntExact(position), 4096));
    assertThat(update(verity, content).descriptor()).isEqualTo(Files.readAllBytes(descriptor));
    assertThat(ours).isEqualTo(Files.readAllBytes(tree));
    assertThat(update(new FsVerity(size, FsVerity.TreeSink.NONE), content).digest().hex())
        .isEqualTo(said.strip());
  }

  @Test
  void refusesToEndBeforeTheFileDoes() throws IOException {
    FsVerity verity = update(new FsVerity(5, FsVerity.TreeSink.NONE), new byte[4]);
    assertThatThrownBy(verity::descriptor).isInstanceOf(IllegalStateException.class);
  }

  /** In pieces that do not end where blocks do. */
  private static FsVerity update(FsVerity verity, byte[] content) throws IOException {
    for (int at = 0; at < content.length; at += 10007) {
      verity.update(ByteBuffer.wrap(content, at, Math.min(10007, content.length - at)));
    }
    return verity;
  }
}
