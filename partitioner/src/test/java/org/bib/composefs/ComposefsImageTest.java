package org.bib.composefs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.fsverity.FsVerity;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;

class ComposefsImageTest {
  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));

  /** mkcomposefs 1.0.8 --from-file of the same tree. */
  @Test
  void bytesAreThoseOfMkcomposefs() throws IOException, NoSuchAlgorithmException {
    root.put("empty", new FileNode(Metadata.root(0644), Content.EMPTY));
    root.put("f", file());
    root.put("l", new SymlinkNode(Metadata.root(0777), "hello"));
    byte[] image = image();
    assertThat(image).hasSize(16384);
    assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(image)))
        .isEqualTo("ef28b289d9454b29b9cd7fc4778ed8bfa77a0eec56749b905ab337219afa3154");
    FsVerity verity = new FsVerity(image.length, FsVerity.TreeSink.NONE);
    verity.update(ByteBuffer.wrap(image));
    assertThat(verity.digest().hex())
        .isEqualTo("63a3a6c7cfd1b9d36d11900eff18dca9c2c77af16c699d5c5e5f9f3d47099e1f");
  }

  @Test
  void attributesThatLibcomposefsRefusesAreErrorsThatNameTheFile() {
    DirectoryNode below = new DirectoryNode(Metadata.root(0755));
    root.put("usr", below);
    below.put(
        "large",
        new FileNode(
            Metadata.root(0644).withXattrs(Xattrs.of(Map.of("user.x", new byte[0x8000]))),
            Content.EMPTY));
    assertThatThrownBy(this::image)
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith("/usr/large has more extended attributes than libcomposefs takes");
  }

  private static FileNode file() {
    return new FileNode(
        Metadata.root(0644), Content.of("hello\n".getBytes(StandardCharsets.UTF_8)));
  }

  private byte[] image() throws IOException {
    Content content = ComposefsImage.of(root, file -> new Payload("ab/cd.file", Optional.empty()));
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(content.size()));
    content.read(0, bytes);
    return bytes.array();
  }
}
