package org.bib.tests;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An image in a layout, to be made wrong on purpose. Its documents are open to be changed; {@link
 * #write} stores them with digests and sizes that fit, unless {@link #replace} then stores
 * something else under a digest.
 */
final class ImageLayout {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Before one is made. */
  static final ImageLayout NONE =
      new ImageLayout(
          Path.of(""), JSON.createObjectNode(), JSON.createObjectNode(), JSON.createObjectNode());

  static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** What of the example OS is enough to make a disk of, by path. */
  private static final Pattern LEAN =
      Pattern.compile(
          "[^/]+|usr/(bin|sbin|lib|lib64|share)|(etc|boot|var)/.*|usr/lib/(ostree|bootc|shim|grub)(/.*)?"
              + "|usr/lib/os-release|usr/lib/modules(/[^/]+(/(vmlinuz|initramfs\\.img))?)?"
              + "|usr/share/grub(/.*)?");

  private static final Pattern KERNEL = Pattern.compile("(?:\\./)?usr/lib/modules/([^/]+)/vmlinuz");
  private static final int LEAN_INITRAMFS = 1 << 20;

  private final Path directory;
  private final ObjectNode config;
  private final ObjectNode manifest;
  private final ObjectNode index;

  private ImageLayout(Path directory, ObjectNode config, ObjectNode manifest, ObjectNode index) {
    this.directory = directory;
    this.config = config;
    this.manifest = manifest;
    this.index = index;
  }

  /**
   * Makes a layout with a small image: that of {@code example} without most of its programs, so
   * that a build of it takes little time. It does not boot.
   */
  static ImageLayout lean(Path example, Path target) throws IOException {
    ImageLayout gzip = open(example, "gzip");
    Map<String, Member> members = new TreeMap<>();
    for (int i = 0; i < 3; i++) { // the system, the kernel, /etc and /var
      try (InputStream blob = Files.newInputStream(gzip.blob(gzip.layer(i)));
          TarArchiveInputStream in =
              new TarArchiveInputStream(new GZIPInputStream(blob, 1 << 16), "UTF-8")) {
        readLean(in, members);
      }
    }
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(tar, "UTF-8")) {
      out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      for (Member member : members.values()) {
        out.putArchiveEntry(member.header);
        out.write(member.content, 0, Math.toIntExact(member.header.getSize()));
        out.closeArchiveEntry();
      }
    }
    Files.createDirectories(target.resolve("blobs/sha256"));
    Files.copy(example.resolve("oci-layout"), target.resolve("oci-layout"));
    ImageLayout lean = new ImageLayout(target, gzip.config, gzip.manifest, gzip.index);
    lean.layers().removeAll();
    lean.diffIds().removeAll();
    lean.index.putArray("manifests").addObject();
    lean.config.remove("history");
    lean.addLayer(tar.toByteArray());
    lean.write();
    return lean;
  }

  /** A member of a tar. */
  private static final class Member {
    final TarArchiveEntry header;
    final byte[] content;

    Member(TarArchiveEntry header, byte[] content) {
      this.header = header;
      this.content = content;
    }
  }

  /** Members by path, so that each is in the tar once, behind the directory that it is in. */
  private static void readLean(TarArchiveInputStream in, Map<String, Member> members)
      throws IOException {
    for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
      String path = entry.getName().replaceFirst("^\\./", "").replaceFirst("/$", "");
      if (!LEAN.matcher(path).matches() || entry.isLink()) {
        continue;
      }
      byte[] content = in.readAllBytes();
      if (path.endsWith("/initramfs.img")) {
        content = Arrays.copyOf(content, LEAN_INITRAMFS);
      }
      TarArchiveEntry copy = new TarArchiveEntry(entry.getName(), entry.getLinkFlag());
      copy.setMode(entry.getMode());
      copy.setModTime(entry.getLastModifiedTime());
      copy.setLinkName(entry.getLinkName());
      copy.setSize(entry.isFile() ? content.length : 0);
      members.put(path, new Member(copy, content));
    }
  }

  private static ImageLayout open(Path directory, String tag) throws IOException {
    ObjectNode index = json(directory.resolve("index.json"));
    for (var entry : index.withArray("manifests")) {
      if (entry.at("/annotations/org.opencontainers.image.ref.name").asText().equals(tag)) {
        ImageLayout made =
            new ImageLayout(directory, JSON.createObjectNode(), JSON.createObjectNode(), index);
        ObjectNode manifest = json(made.blob(entry.get("digest").asText()));
        ObjectNode config = json(made.blob(manifest.at("/config/digest").asText()));
        return new ImageLayout(directory, config, manifest, index);
      }
    }
    throw new IllegalArgumentException(directory + " has no tag " + tag);
  }

  private static ObjectNode json(Path file) throws IOException {
    return (ObjectNode) JSON.readTree(file.toFile());
  }

  /** A copy to be made wrong; blobs are shared with this one until they are replaced. */
  ImageLayout copy(Path target) throws IOException {
    Files.createDirectories(target.resolve("blobs/sha256"));
    try (Stream<Path> blobs = Files.list(directory.resolve("blobs/sha256"))) {
      for (Path blob : blobs.toList()) {
        Files.createLink(target.resolve("blobs/sha256").resolve(blob.getFileName()), blob);
      }
    }
    Files.copy(directory.resolve("oci-layout"), target.resolve("oci-layout"));
    Files.copy(directory.resolve("index.json"), target.resolve("index.json"));
    return new ImageLayout(target, config.deepCopy(), manifest.deepCopy(), index.deepCopy());
  }

  /** The version of the kernel of the lean image, which has one layer. */
  String kernelVersion() throws IOException {
    try (InputStream blob = Files.newInputStream(blob(layer(0)));
        TarArchiveInputStream in = new TarArchiveInputStream(blob, "UTF-8")) {
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        Matcher matcher = KERNEL.matcher(entry.getName());
        if (matcher.matches()) {
          return matcher.group(1);
        }
      }
    }
    throw new IllegalStateException("no kernel in " + directory);
  }

  Path directory() {
    return directory;
  }

  ObjectNode config() {
    return config;
  }

  ObjectNode manifest() {
    return manifest;
  }

  /** The only entry of the index. */
  ObjectNode entry() {
    return (ObjectNode) index.withArray("manifests").get(0);
  }

  ArrayNode layers() {
    return manifest.withArray("layers");
  }

  ArrayNode diffIds() {
    return config.withObject("/rootfs").withArray("diff_ids");
  }

  /** The digest of a layer. */
  String layer(int i) {
    return layers().get(i).get("digest").asText();
  }

  /** The digest of the last layer. */
  String lastLayer() {
    return layer(layers().size() - 1);
  }

  /** Where the blob of a digest lies. */
  Path blob(String digest) {
    return directory.resolve("blobs").resolve(digest.replace(':', '/'));
  }

  /** Puts a layer over the others, uncompressed. */
  ImageLayout addLayer(byte[] tar) throws IOException {
    return addLayer(tar, LAYER, digest(tar));
  }

  /**
   * Puts a layer over the others.
   *
   * @param blob as it is stored
   * @param diffId what the configuration is to say of its tar
   */
  ImageLayout addLayer(byte[] blob, String mediaType, String diffId) throws IOException {
    layers().addObject().put("mediaType", mediaType).setAll(store(blob));
    diffIds().add(diffId);
    return this;
  }

  /** Leaves the layers out that are there so far. */
  ImageLayout withoutLayers() {
    layers().removeAll();
    diffIds().removeAll();
    return this;
  }

  /** The manifest's descriptor of the configuration. */
  ObjectNode configDescriptor() {
    return manifest.withObject("/config");
  }

  String configDigest() {
    return configDescriptor().get("digest").asText();
  }

  /** Stores configuration, manifest and index as they are now. */
  ImageLayout write() throws IOException {
    configDescriptor().setAll(store(JSON.writeValueAsBytes(config)));
    return writeManifest();
  }

  /** Stores manifest and index as they are now, whatever the configuration is. */
  ImageLayout writeManifest() throws IOException {
    entry().put("mediaType", manifest.get("mediaType").asText());
    entry().setAll(store(JSON.writeValueAsBytes(manifest)));
    return writeIndex();
  }

  /** Stores the index as it is now, whatever the manifest is. */
  ImageLayout writeIndex() throws IOException {
    Files.write(directory.resolve("index.json"), JSON.writeValueAsBytes(index));
    return this;
  }

  /** Stores other bytes under a digest. */
  void replace(String digest, byte[] bytes) throws IOException {
    Files.delete(blob(digest)); // The blob may be another layout's, too.
    Files.write(blob(digest), bytes);
  }

  /** The bytes under a digest. */
  byte[] read(String digest) throws IOException {
    return Files.readAllBytes(blob(digest));
  }

  /** Stores a blob, and returns its digest and size. */
  ObjectNode store(byte[] blob) throws IOException {
    Path file = blob(digest(blob));
    if (!Files.exists(file)) {
      Files.write(file, blob);
    }
    return JSON.createObjectNode().put("digest", digest(blob)).put("size", blob.length);
  }

  static String digest(byte[] bytes) {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
