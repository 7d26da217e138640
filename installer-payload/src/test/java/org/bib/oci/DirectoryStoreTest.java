package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.oci.TestImage.random;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories as skopeo writes them. */
class DirectoryStoreTest {
  private static final byte[] CONTENT = random(200_000);

  @TempDir Path dir;
  private TestImage image = TestImage.ofNothing();

  @BeforeEach
  void copy() throws IOException, InterruptedException {
    image = TestImage.of(CONTENT);
    image.writeLayout(dir.resolve("layout"), "1");
    TestTools.run(dir, List.of("skopeo", "copy", "-q", "oci:layout:1", "dir:image"));
  }

  private String reference() {
    return "dir:" + dir.resolve("image");
  }

  @Test
  void itIsTheSameImage() throws Exception {
    try (SourceImage found = new Pull(dir).open(reference())) {
      assertThat(found.manifestDigest()).isEqualTo(image.digest());
      assertThat(found.registryName()).isEmpty();
    }
    assertThat(new Pull(dir).layer(reference())).isEqualTo(CONTENT);
  }

  @Test
  void anIndexLeadsToItsManifest() throws Exception {
    Path directory = dir.resolve("image");
    Files.move(
        directory.resolve("manifest.json"),
        directory.resolve(image.digest().hex() + ".manifest.json"));
    Files.write(
        directory.resolve("manifest.json"), TestImage.index(ImageManifest.OCI_INDEX, image));
    assertThat(new Pull(dir).layer(reference())).isEqualTo(CONTENT);
    Files.delete(directory.resolve(image.digest().hex() + ".manifest.json"));
    fails(reference(), ": blob " + image.digest() + " is missing; copy the image into ");
  }

  @Test
  void whatIsMissingOrDamagedIsTold() throws Exception {
    Path directory = dir.resolve("image");
    Path blob = directory.resolve(image.layer().hex());
    byte[] bytes = Files.readAllBytes(blob);
    bytes[100] ^= 1;
    Files.write(blob, bytes);
    fails(reference(), "digest mismatch: got sha256:");
    Files.delete(blob);
    fails(reference(), reference() + ": blob " + image.layer() + " is missing; copy the image");
    Files.delete(directory.resolve("manifest.json"));
    fails(
        reference(),
        reference()
            + ": holds no image, it has no manifest.json; check the path; for an OCI layout write"
            + " oci:");
    fails(reference() + "none", reference() + "none: no such directory; name a directory that");
    fails(reference() + ":1", reference() + ":1: no such directory; name the directory alone");
  }

  private void fails(String reference, String message) {
    assertThatThrownBy(() -> new Pull(dir).layer(reference))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(message);
  }
}
