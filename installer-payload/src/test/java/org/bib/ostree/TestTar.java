package org.bib.ostree;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A tar archive with extended attributes of any bytes, owned by root unless said otherwise. */
final class TestTar {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");
  private Map<String, byte[]> xattrs = Map.of();
  private long gid;

  TestTar() {
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
  }

  /** Attributes of the next member. */
  TestTar with(Map<String, byte[]> attributes) {
    xattrs = attributes;
    return this;
  }

  /** Group of the next member. */
  TestTar group(long id) {
    gid = id;
    return this;
  }

  TestTar directory(String path, int mode) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path + "/");
    entry.setMode(mode);
    return add(entry, new byte[0]);
  }

  TestTar file(String path, String text) throws IOException {
    return file(path, 0644, text);
  }

  TestTar file(String path, int mode, String text) throws IOException {
    byte[] data = text.getBytes(StandardCharsets.UTF_8);
    TarArchiveEntry entry = new TarArchiveEntry(path, true);
    entry.setMode(mode);
    entry.setSize(data.length);
    return add(entry, data);
  }

  TestTar symlink(String path, String target) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
    entry.setMode(0777);
    entry.setLinkName(target);
    return add(entry, new byte[0]);
  }

  TestTar hardLink(String path, String target) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_LINK);
    entry.setLinkName(target);
    return add(entry, new byte[0]);
  }

  private TestTar add(TarArchiveEntry entry, byte[] data) throws IOException {
    if (!xattrs.isEmpty()) {
      ByteArrayOutputStream records = new ByteArrayOutputStream();
      for (Map.Entry<String, byte[]> xattr : xattrs.entrySet()) {
        byte[] key = (" SCHILY.xattr." + xattr.getKey() + "=").getBytes(StandardCharsets.UTF_8);
        int rest = key.length + xattr.getValue().length + 1;
        int length = rest + String.valueOf(rest + 3).length();
        records.writeBytes(String.valueOf(length).getBytes(StandardCharsets.UTF_8));
        records.writeBytes(key);
        records.writeBytes(xattr.getValue());
        records.write('\n');
      }
      TarArchiveEntry pax = new TarArchiveEntry("pax", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
      write(pax, records.toByteArray());
    }
    entry.setUserId(0);
    entry.setGroupId(gid);
    write(entry, data);
    xattrs = Map.of();
    gid = 0;
    return this;
  }

  private void write(TarArchiveEntry entry, byte[] data) throws IOException {
    entry.setSize(data.length);
    tar.putArchiveEntry(entry);
    tar.write(data);
    tar.closeArchiveEntry();
  }

  Path write(Path file) throws IOException {
    tar.close();
    return Files.write(file, bytes.toByteArray());
  }
}
