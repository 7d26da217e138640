package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.ostree.GVariantReader.Member;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Xattrs;

/**
 * Reads what {@link ObjectEncoder} writes. Only the form that libostree writes is read, byte for
 * byte: a tree that was read and is written again has the same checksums.
 */
final class ObjectDecoder {
  private ObjectDecoder() {}

  /** A dirtree object: names to the checksums of what they name. */
  record DirectoryTree(
      SortedMap<String, Checksum> files,
      SortedMap<String, ObjectEncoder.TreeChecksums> directories) {}

  /** Reads a dirtree object, {@code (a(say)a(sayay))}. */
  static DirectoryTree directoryTree(byte[] object) throws IOException {
    List<ByteBuffer> lists =
        GVariantReader.tuple(ByteBuffer.wrap(object), Member.BYTES, Member.BYTES);
    SortedMap<String, Checksum> files = new TreeMap<>(NameOrder.INSTANCE);
    for (ByteBuffer entry : GVariantReader.array(lists.get(0))) {
      List<ByteBuffer> file = GVariantReader.tuple(entry, Member.BYTES, Member.BYTES);
      files.put(GVariantReader.string(file.get(0)), checksum(file.get(1)));
    }
    SortedMap<String, ObjectEncoder.TreeChecksums> directories = new TreeMap<>(NameOrder.INSTANCE);
    for (ByteBuffer entry : GVariantReader.array(lists.get(1))) {
      List<ByteBuffer> directory =
          GVariantReader.tuple(entry, Member.BYTES, Member.BYTES, Member.BYTES);
      directories.put(
          GVariantReader.string(directory.get(0)),
          new ObjectEncoder.TreeChecksums(checksum(directory.get(1)), checksum(directory.get(2))));
    }
    requireSame(object, ObjectEncoder.directoryTree(files, directories));
    return new DirectoryTree(files, directories);
  }

  /** Reads a dirmeta object, {@code (uuua(ayay))}; the modification time is the epoch. */
  static Metadata directoryMetadata(byte[] object) throws IOException {
    List<ByteBuffer> members =
        GVariantReader.tuple(
            ByteBuffer.wrap(object), Member.U32, Member.U32, Member.U32, Member.BYTES);
    try {
      Metadata metadata =
          new Metadata(
              (int) (unsigned(members.get(2)) & 07777),
              unsigned(members.get(0)),
              unsigned(members.get(1)),
              Instant.EPOCH,
              xattrs(members.get(3)));
      requireSame(object, ObjectEncoder.directoryMetadata(metadata));
      return metadata;
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /**
   * Reads extended attributes, {@code a(ayay)}. Up to 2024.9, libostree put the SELinux label
   * behind the others when it made a commit (its issue 3343); nothing that reads such an object
   * from a disk, where attributes have no order, finds the checksum that is its name.
   */
  static Xattrs xattrs(byte[] value) throws IOException {
    String before = "";
    for (ByteBuffer entry : GVariantReader.array(ByteBuffer.wrap(value))) {
      String name =
          GVariantReader.string(GVariantReader.tuple(entry, Member.BYTES, Member.BYTES).get(0));
      if (NameOrder.INSTANCE.compare(before, name) > 0) {
        throw new IOException(
            name + " stands behind " + before + ", as ostree before 2024.10 left it");
      }
      before = name;
    }
    Xattrs xattrs = xattrs(ByteBuffer.wrap(value));
    requireSame(value, ObjectEncoder.xattrs(xattrs).bytes());
    return xattrs;
  }

  private static Xattrs xattrs(ByteBuffer value) throws IOException {
    Map<String, byte[]> xattrs = new TreeMap<>(NameOrder.INSTANCE);
    for (ByteBuffer entry : GVariantReader.array(value)) {
      List<ByteBuffer> pair = GVariantReader.tuple(entry, Member.BYTES, Member.BYTES);
      xattrs.put(GVariantReader.string(pair.get(0)), Xattrs.bytes(pair.get(1)));
    }
    return Xattrs.of(xattrs);
  }

  /**
   * What a commit object, {@code (a{sv}aya(say)sstayay)}, says of its root directory; all else may
   * be of any form, for a commit that was read is never written again.
   */
  static ObjectEncoder.TreeChecksums commitRoot(byte[] object) throws IOException {
    List<ByteBuffer> members = commit(object);
    return new ObjectEncoder.TreeChecksums(checksum(members.get(6)), checksum(members.get(7)));
  }

  /** The texts of a commit's metadata. */
  static Map<String, String> commitTexts(byte[] object) throws IOException {
    return GVariantReader.texts(commit(object).get(0));
  }

  private static List<ByteBuffer> commit(byte[] object) throws IOException {
    return GVariantReader.tuple(
        ByteBuffer.wrap(object),
        Member.DICTIONARY,
        Member.BYTES, // parent
        Member.BYTES, // related objects
        Member.BYTES, // subject
        Member.BYTES, // body
        Member.U64, // seconds
        Member.BYTES,
        Member.BYTES);
  }

  private static long unsigned(ByteBuffer bigEndian) {
    return Integer.toUnsignedLong(bigEndian.getInt(bigEndian.position()));
  }

  private static Checksum checksum(ByteBuffer value) throws IOException {
    if (value.remaining() != Checksum.SIZE) {
      throw new IOException("a checksum has " + value.remaining() + " bytes");
    }
    return Checksum.ofBytes(Xattrs.bytes(value));
  }

  private static void requireSame(byte[] read, byte[] written) throws IOException {
    if (!Arrays.equals(read, written)) {
      throw new IOException("it is not in the form that ostree writes");
    }
  }
}
