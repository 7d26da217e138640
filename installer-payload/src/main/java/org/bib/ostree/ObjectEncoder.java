package org.bib.ostree;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.bib.tree.Metadata;
import org.bib.tree.Xattrs;

/**
 * The serialised forms that objects are made of (libostree, ostree-core.h: OSTREE_FILEMETA_*,
 * OSTREE_DIRMETA_*, OSTREE_TREE_*, OSTREE_COMMIT_GVARIANT_FORMAT).
 */
final class ObjectEncoder {
  private static final int S_IFDIR = 0040000;
  static final int S_IFREG = 0100000;
  static final int S_IFLNK = 0120000;

  private ObjectEncoder() {}

  /** A directory's entry for a subdirectory: checksums of its tree and of its metadata. */
  record TreeChecksums(Checksum tree, Checksum meta) {}

  /**
   * What the checksum of a file or symbolic link covers before its content: {@code (uuuusa(ayay))}
   * behind its length.
   *
   * @param type S_IFREG or S_IFLNK
   * @param target of a symbolic link, else empty
   */
  static byte[] fileHeader(Metadata metadata, int type, String target) {
    byte[] header =
        GVariant.tuple(
                GVariant.bigEndianU32(metadata.uid()),
                GVariant.bigEndianU32(metadata.gid()),
                GVariant.bigEndianU32(type | metadata.permissions()),
                GVariant.bigEndianU32(0), // rdev
                GVariant.string(target),
                xattrs(metadata.xattrs()))
            .bytes();
    return ByteBuffer.allocate(8 + header.length)
        .putInt(header.length)
        .putInt(0)
        .put(header)
        .array();
  }

  /** A dirmeta object, {@code (uuua(ayay))}. */
  static byte[] directoryMetadata(Metadata metadata) {
    return GVariant.tuple(
            GVariant.bigEndianU32(metadata.uid()),
            GVariant.bigEndianU32(metadata.gid()),
            GVariant.bigEndianU32(S_IFDIR | metadata.permissions()),
            xattrs(metadata.xattrs()))
        .bytes();
  }

  /** A dirtree object, {@code (a(say)a(sayay))}; both maps in the order of names. */
  static byte[] directoryTree(
      SortedMap<String, Checksum> files, SortedMap<String, TreeChecksums> directories) {
    List<GVariant> fileEntries = new ArrayList<>();
    files.forEach(
        (name, checksum) ->
            fileEntries.add(
                GVariant.tuple(GVariant.string(name), GVariant.byteArray(checksum.bytes()))));
    List<GVariant> directoryEntries = new ArrayList<>();
    directories.forEach(
        (name, checksums) ->
            directoryEntries.add(
                GVariant.tuple(
                    GVariant.string(name),
                    GVariant.byteArray(checksums.tree().bytes()),
                    GVariant.byteArray(checksums.meta().bytes()))));
    return GVariant.tuple(GVariant.array(1, fileEntries), GVariant.array(1, directoryEntries))
        .bytes();
  }

  /**
   * A commit object, {@code (a{sv}aya(say)sstayay)}, without parent and related objects.
   *
   * @param metadata keys to text values, in this order
   * @param seconds since the epoch
   */
  static byte[] commit(
      Map<String, String> metadata, String subject, long seconds, TreeChecksums root) {
    return commit(texts(metadata), Optional.empty(), subject, seconds, root);
  }

  /** Texts as values of commit metadata, in the same order. */
  static Map<String, GVariant> texts(Map<String, String> texts) {
    Map<String, GVariant> variants = new LinkedHashMap<>();
    texts.forEach((key, value) -> variants.put(key, GVariant.variant("s", GVariant.string(value))));
    return variants;
  }

  /**
   * A commit object.
   *
   * @param metadata keys to values of type {@code v}, in this order
   * @param seconds since the epoch
   */
  static byte[] commit(
      Map<String, GVariant> metadata,
      Optional<Checksum> parent,
      String subject,
      long seconds,
      TreeChecksums root) {
    List<GVariant> entries = new ArrayList<>();
    metadata.forEach((key, value) -> entries.add(GVariant.tuple(GVariant.string(key), value)));
    return GVariant.tuple(
            GVariant.array(8, entries),
            GVariant.byteArray(parent.map(Checksum::bytes).orElse(new byte[0])),
            GVariant.array(1, List.of()),
            GVariant.string(subject),
            GVariant.string(""),
            GVariant.bigEndianU64(seconds),
            GVariant.byteArray(root.tree().bytes()),
            GVariant.byteArray(root.meta().bytes()))
        .bytes();
  }

  /** {@code a(ayay)}: names with their NUL, raw values. */
  static GVariant xattrs(Xattrs xattrs) {
    List<GVariant> entries = new ArrayList<>();
    xattrs
        .values()
        .forEach(
            (name, value) ->
                entries.add(
                    GVariant.tuple(
                        GVariant.byteArray(GVariant.string(name).bytes()),
                        GVariant.byteArray(Xattrs.bytes(value)))));
    return GVariant.array(1, entries);
  }
}
