package org.bib.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.Content;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.Nullable;

/** Reads an uncompressed layer: entries to memory, contents to where they are kept. */
final class LayerReader {
  // OCI image specification 1.1, layer.md, "Whiteouts".
  static final String WHITEOUT = ".wh.";
  static final String OPAQUE = ".wh..wh..opq";
  private static final String RESERVED = ".wh..wh."; // names that AUFS kept for itself
  private static final int NAME_MAX = 255; // bytes, as ext4 and VFS have it
  private static final int PATH_MAX = 4096;

  private LayerReader() {}

  /**
   * Reads {@code stream} to its end.
   *
   * @throws IOException if it is no sound tar archive, or has what no tree on a disk can have
   */
  static List<LayerEntry> read(InputStream stream, Contents contents) throws IOException {
    List<LayerEntry> entries = new ArrayList<>();
    read(stream, contents, entries::add);
    return entries;
  }

  /** Takes entries one by one, whose contents cannot be read yet. */
  interface Sink {
    void take(LayerEntry entry) throws IOException;
  }

  /** Reads {@code stream} to its end, entry by entry. */
  static void read(InputStream stream, Contents contents, Sink sink) throws IOException {
    TarReader tar = new TarReader(stream);
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      LayerEntry read = read(entry, tar, contents);
      if (read != null) {
        sink.take(read);
      }
    }
    // What follows the end marker belongs to the digest of the layer all the same.
    stream.transferTo(java.io.OutputStream.nullOutputStream());
    contents.flush();
  }

  private static @Nullable LayerEntry read(TarEntry entry, TarReader tar, Contents contents)
      throws IOException {
    List<String> path = components(entry.path());
    String name = path.isEmpty() ? "" : path.get(path.size() - 1);
    if (name.startsWith(WHITEOUT)) {
      return whiteout(path, name, entry);
    }
    if (path.isEmpty() && entry.type() != TarEntry.Type.DIRECTORY) {
      throw new IOException("\"" + entry.path() + "\" is no path for a file");
    }
    return switch (entry.type()) {
      case FILE -> {
        Content content = contents.add(tar, entry);
        yield new LayerEntry.Put(path, new FileNode(entry.metadata(), content));
      }
      case SYMLINK -> {
        int length = entry.link().getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length >= PATH_MAX) {
          throw new IOException(entry.path() + ": a symbolic link of " + length + " bytes");
        }
        yield new LayerEntry.Put(path, new SymlinkNode(entry.metadata(), entry.link()));
      }
      case HARD_LINK -> new LayerEntry.Link(path, components(entry.link()));
      case DIRECTORY -> new LayerEntry.MakeDirectory(path, entry.metadata());
      case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> {
        if (path.get(0).equals("dev")) {
          yield null; // the kernel makes /dev; what an image has there is dropped anyway
        }
        throw new IOException(
            entry.path() + " is a device or FIFO, which an ostree commit cannot hold");
      }
    };
  }

  private static @Nullable LayerEntry whiteout(List<String> path, String name, TarEntry entry)
      throws IOException {
    List<String> parent = path.subList(0, path.size() - 1);
    if (name.equals(OPAQUE)) {
      return new LayerEntry.Opaque(List.copyOf(parent));
    }
    if (name.startsWith(RESERVED)) {
      return null;
    }
    String hidden = name.substring(WHITEOUT.length());
    if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
      throw new IOException("\"" + entry.path() + "\" hides nothing");
    }
    List<String> target = new ArrayList<>(parent);
    target.add(hidden);
    return new LayerEntry.Whiteout(List.copyOf(target));
  }

  /** The components of a path, which is relative to the root whether it starts with / or not. */
  static List<String> components(String path) throws IOException {
    if (path.indexOf('\0') >= 0 || path.getBytes(StandardCharsets.UTF_8).length > PATH_MAX * 4) {
      throw new IOException("a path of the archive is absurd");
    }
    List<String> components = new ArrayList<>();
    for (String name : path.split("/", -1)) {
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        throw new IOException("\"" + path + "\" leaves the tree");
      }
      if (name.length() > NAME_MAX / 4 && name.getBytes(StandardCharsets.UTF_8).length > NAME_MAX) {
        throw new IOException("\"" + path + "\" has a name of more than 255 bytes");
      }
      components.add(name);
    }
    return List.copyOf(components);
  }
}
