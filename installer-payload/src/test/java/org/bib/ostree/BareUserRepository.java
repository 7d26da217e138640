package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Map;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * Writes a repository of mode {@code bare} as one of mode {@code bare-user}: with the same objects,
 * whose metadata libostree reads out of an attribute, so that any user may write files of root with
 * capabilities and have libostree check them.
 */
final class BareUserRepository {
  private BareUserRepository() {}

  static void write(DirectoryNode repository, Path target) throws IOException {
    writeDirectory(repository, target);
    Files.writeString(target.resolve("config"), "[core]\nrepo_version=1\nmode=bare-user\n");
  }

  private static void writeDirectory(DirectoryNode directory, Path target) throws IOException {
    Files.createDirectory(target);
    for (Map.Entry<String, Node> child : directory.children().entrySet()) {
      Path path = target.resolve(child.getKey());
      if (child.getValue() instanceof DirectoryNode below) {
        writeDirectory(below, path);
      } else if (child.getKey().endsWith(".file")) {
        writeFile(child.getValue(), path);
      } else {
        Files.write(path, content(child.getValue()));
      }
    }
  }

  private static void writeFile(Node node, Path path) throws IOException {
    Files.write(path, content(node));
    Metadata metadata = node.metadata();
    int type = node instanceof FileNode ? ObjectEncoder.S_IFREG : ObjectEncoder.S_IFLNK;
    byte[] meta =
        GVariant.tuple(
                GVariant.bigEndianU32(metadata.uid()),
                GVariant.bigEndianU32(metadata.gid()),
                GVariant.bigEndianU32(type | metadata.permissions()),
                ObjectEncoder.xattrs(metadata.xattrs()))
            .bytes();
    Files.getFileAttributeView(path, UserDefinedFileAttributeView.class)
        .write("ostreemeta", ByteBuffer.wrap(meta));
  }

  private static byte[] content(Node node) throws IOException {
    return node instanceof FileNode file
        ? ObjectStore.bytes(file.content(), Integer.MAX_VALUE, "a file")
        : ((SymlinkNode) node).target().getBytes(StandardCharsets.UTF_8);
  }
}
