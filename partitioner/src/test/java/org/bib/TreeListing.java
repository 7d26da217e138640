package org.bib;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.NullMarked;

/** A tree as lines of text by path, to be compared. */
@NullMarked
public final class TreeListing {
  private TreeListing() {}

  /** Paths to what is there: metadata, and the digest of the content behind a vertical bar. */
  public static Map<String, String> of(DirectoryNode root) throws IOException {
    Map<String, String> listing = new TreeMap<>();
    add("", root, listing);
    return listing;
  }

  private static void add(String path, Node node, Map<String, String> listing) throws IOException {
    Metadata metadata = node.metadata();
    StringBuilder line = new StringBuilder();
    line.append(Integer.toOctalString(metadata.permissions()))
        .append(" " + metadata.uid() + ":" + metadata.gid() + " " + metadata.mtime());
    metadata
        .xattrs()
        .values()
        .forEach(
            (name, value) ->
                line.append(" " + name + "=" + HexFormat.of().formatHex(Xattrs.bytes(value))));
    if (node instanceof FileNode file) {
      line.append(" file").append(file.verity() ? " verity" : "");
      line.append("|").append(sha256(file.content()));
    } else if (node instanceof SymlinkNode link) {
      line.append(" -> " + link.target());
    } else if (node instanceof DirectoryNode directory) {
      line.append(directory.immutable() ? " immutable directory" : " directory");
      for (Map.Entry<String, Node> child : directory.children().entrySet()) {
        add(path + "/" + child.getKey(), child.getValue(), listing);
      }
    }
    listing.put(path.isEmpty() ? "/" : path, line.toString());
  }

  private static String sha256(Content content) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      content.readAll(ByteBuffer.allocate(1 << 16), digest::update);
      return content.size() + " " + HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
