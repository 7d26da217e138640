package org.bib.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.oci.Digest;
import org.bib.oci.ImageSources;
import org.bib.oci.SourceImage;
import org.bib.oci.SourceOptions;
import org.bib.progress.BuildListener;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images of layers made at random, few names so that layers meet: {@code umoci unpack} decides what
 * they add up to. Wants root, which umoci needs for owners.
 */
class LayerOracleTest {
  private static final String[] NAMES = {"a", "b", "c", "dé"};

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void layersAddUpToWhatUmociUnpacks(int seed)
      throws ConfigException, IOException, InterruptedException {
    Random random = new Random(seed);
    List<byte[]> layers = new ArrayList<>();
    Model model = new Model();
    int count = 2 + random.nextInt(5);
    for (int i = 0; i < count; i++) {
      layers.add(new Layer(random, model, i).tar());
    }
    writeLayout(layers);
    Path bundle = dir.resolve("bundle");
    Process umoci =
        new ProcessBuilder("umoci", "unpack", "--image", dir.resolve("layout") + ":t", "" + bundle)
            .redirectErrorStream(true)
            .start();
    String output = new String(umoci.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(umoci.waitFor()).as(output).isZero();

    SourceOptions options =
        new SourceOptions(Architecture.AMD64, Optional.empty(), true, Optional.empty());
    try (SourceImage image =
            ImageSources.open("oci:" + dir.resolve("layout"), options, BuildListener.SILENT);
        ImageTree tree =
            ImageTree.read(
                image, Files.createDirectory(dir.resolve("spools")), 2, BuildListener.SILENT)) {
      TreeMap<String, String> ours = new TreeMap<>();
      list("", tree.root(), new IdentityHashMap<>(), ours);
      TreeMap<String, String> theirs = new TreeMap<>();
      list("", bundle.resolve("rootfs"), new HashMap<>(), theirs);
      assertThat(ours).isEqualTo(theirs);
    }
  }

  /** What stands where, as far as the making of sensible layers needs it. */
  private static final class Model {
    final TreeMap<String, Character> paths = new TreeMap<>(Map.of("", 'd'));

    boolean isDirectory(String path) {
      return Character.valueOf('d').equals(paths.get(path));
    }

    void remove(String path) {
      paths.keySet().removeIf(known -> known.equals(path) || known.startsWith(path + "/"));
    }

    void put(String path, char type) {
      if (type != 'd' || !isDirectory(path)) {
        remove(path);
      }
      paths.put(path, type);
    }

    List<String> all(char type) {
      return paths.entrySet().stream()
          .filter(entry -> entry.getValue() == type && !entry.getKey().isEmpty())
          .map(Map.Entry::getKey)
          .toList();
    }
  }

  private static final class Layer {
    private final Random random;
    private final Model model;
    private final int number;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar =
        new TarArchiveOutputStream(bytes, StandardCharsets.UTF_8.name());

    Layer(Random random, Model model, int number) {
      this.random = random;
      this.model = model;
      this.number = number;
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
    }

    byte[] tar() throws IOException {
      for (int i = random.nextInt(4); i > 0; i--) {
        hide();
      }
      for (int i = 3 + random.nextInt(25); i > 0; i--) {
        add();
      }
      tar.finish();
      return bytes.toByteArray();
    }

    private void hide() throws IOException {
      if (random.nextInt(3) == 0) {
        String path = pick(model.all('d'));
        if (!path.isEmpty()) {
          put(path + "/.wh..wh..opq", TarConstants.LF_NORMAL, "");
          model.paths.keySet().removeIf(known -> known.startsWith(path + "/"));
        }
        return;
      }
      List<String> all = model.paths.keySet().stream().filter(path -> !path.isEmpty()).toList();
      String path = pick(all);
      if (!path.isEmpty()) {
        int slash = path.lastIndexOf('/');
        put(
            path.substring(0, slash + 1) + ".wh." + path.substring(slash + 1),
            TarConstants.LF_NORMAL,
            "");
        model.remove(path);
      }
    }

    private void add() throws IOException {
      List<String> directories = new ArrayList<>(model.all('d'));
      directories.add("");
      String parent = pick(directories);
      String name = NAMES[random.nextInt(NAMES.length)];
      String path = parent.isEmpty() ? name : parent + "/" + name;
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          put(path + "/", TarConstants.LF_DIR, "");
          model.put(path, 'd');
        }
        case 2 -> {
          put(path, TarConstants.LF_SYMLINK, random.nextBoolean() ? "/a/b" : "../c");
          model.put(path, 'l');
        }
        case 3 -> {
          String target = pick(model.all('f'));
          if (!target.isEmpty() && !target.equals(path) && !target.startsWith(path + "/")) {
            put(path, TarConstants.LF_LINK, target);
            model.put(path, 'f');
          }
        }
        default -> {
          put(path, TarConstants.LF_NORMAL, "layer " + number + " entry " + random.nextInt(1000));
          model.put(path, 'f');
        }
      }
    }

    private String pick(List<String> from) {
      return from.isEmpty() ? "" : from.get(random.nextInt(from.size()));
    }

    private void put(String path, byte type, String text) throws IOException {
      String prefix = random.nextInt(3) == 0 ? "./" : random.nextInt(5) == 0 ? "/" : "";
      TarArchiveEntry entry = new TarArchiveEntry(prefix + path, type, true);
      byte[] content = text.getBytes(StandardCharsets.UTF_8);
      if (type == TarConstants.LF_SYMLINK || type == TarConstants.LF_LINK) {
        entry.setLinkName(text);
        content = new byte[0];
      }
      entry.setSize(content.length);
      int[] modes = {0755, 0644, 04755, 02711, 01777, 0600};
      entry.setMode(modes[random.nextInt(modes.length)]);
      entry.setUserId(random.nextInt(4) == 0 ? 4_000_000_000L : random.nextInt(3));
      entry.setGroupId((long) random.nextInt(3));
      if (type == TarConstants.LF_NORMAL && random.nextInt(4) == 0) {
        entry.addPaxHeader("SCHILY.xattr.user.x" + random.nextInt(2), "value" + number);
      }
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
  }

  private static void list(
      String path, Node node, IdentityHashMap<Node, String> seen, Map<String, String> listing)
      throws IOException {
    Metadata metadata = node.metadata();
    StringBuilder line = new StringBuilder();
    String first = node instanceof DirectoryNode ? "" : seen.computeIfAbsent(node, n -> path);
    if (node instanceof FileNode file) {
      ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(file.content().size()));
      file.content().read(0, content);
      line.append("file ").append(new String(content.array(), StandardCharsets.UTF_8));
    } else if (node instanceof SymlinkNode symlink) {
      line.append("link ").append(symlink.target());
    } else {
      line.append("dir");
    }
    line.append(String.format(" %o %d:%d", metadata.permissions(), metadata.uid(), metadata.gid()));
    metadata
        .xattrs()
        .values()
        .forEach(
            (name, value) ->
                line.append(" ")
                    .append(name)
                    .append("=")
                    .append(new String(Xattrs.bytes(value), StandardCharsets.UTF_8)));
    listing.put(path, line + (first.equals(path) ? "" : " same as " + first));
    if (node instanceof DirectoryNode directory) {
      for (Map.Entry<String, Node> child : directory.children().entrySet()) {
        list(path + "/" + child.getKey(), child.getValue(), seen, listing);
      }
    }
  }

  private static void list(
      String path, Path file, Map<Object, String> seen, Map<String, String> listing)
      throws IOException {
    Map<String, Object> unix =
        Files.readAttributes(file, "unix:mode,uid,gid,ino", LinkOption.NOFOLLOW_LINKS);
    StringBuilder line = new StringBuilder();
    boolean isDirectory = Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS);
    Object inode = unix.get("ino");
    String first = isDirectory || inode == null ? "" : seen.computeIfAbsent(inode, n -> path);
    if (Files.isSymbolicLink(file)) {
      line.append("link ").append(Files.readSymbolicLink(file));
    } else {
      line.append(isDirectory ? "dir" : "file " + Files.readString(file));
    }
    long uid = ((Integer) unix.getOrDefault("uid", 0)) & 0xFFFF_FFFFL;
    line.append(
        String.format(
            " %o %d:%s", (Integer) unix.getOrDefault("mode", 0) & 07777, uid, unix.get("gid")));
    if (!Files.isSymbolicLink(file)) {
      var view =
          Files.getFileAttributeView(
              file, java.nio.file.attribute.UserDefinedFileAttributeView.class);
      for (String name : view.list().stream().sorted().toList()) {
        ByteBuffer value = ByteBuffer.allocate(view.size(name));
        view.read(name, value);
        line.append(" user.")
            .append(name)
            .append("=")
            .append(new String(value.array(), StandardCharsets.UTF_8));
      }
    }
    listing.put(path, line + (first.equals(path) ? "" : " same as " + first));
    if (isDirectory) {
      try (Stream<Path> children = Files.list(file)) {
        for (Path child : children.sorted().toList()) {
          list(path + "/" + child.getFileName(), child, seen, listing);
        }
      }
    }
  }

  private void writeLayout(List<byte[]> layers) throws IOException {
    Path blobs = Files.createDirectories(dir.resolve("layout/blobs/sha256"));
    Files.writeString(dir.resolve("layout/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    List<String> diffIds = new ArrayList<>();
    List<String> descriptors = new ArrayList<>();
    for (byte[] layer : layers) {
      diffIds.add("\"" + Digest.sha256(layer) + "\"");
      descriptors.add(blob(blobs, "application/vnd.oci.image.layer.v1.tar", layer, ""));
    }
    String config =
        blob(
            blobs,
            "application/vnd.oci.image.config.v1+json",
            ("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":"
                    + "{\"type\":\"layers\",\"diff_ids\":["
                    + String.join(",", diffIds)
                    + "]}}")
                .getBytes(StandardCharsets.UTF_8),
            "");
    String manifest =
        blob(
            blobs,
            "application/vnd.oci.image.manifest.v1+json",
            ("{\"schemaVersion\":2,\"config\":"
                    + config
                    + ",\"layers\":["
                    + String.join(",", descriptors)
                    + "]}")
                .getBytes(StandardCharsets.UTF_8),
            ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"t\"}");
    Files.writeString(
        dir.resolve("layout/index.json"), "{\"schemaVersion\":2,\"manifests\":[" + manifest + "]}");
  }

  private static String blob(Path blobs, String type, byte[] bytes, String more)
      throws IOException {
    Digest digest = Digest.sha256(bytes);
    Files.write(blobs.resolve(digest.hex()), bytes);
    return String.format(
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}", type, digest, bytes.length, more);
  }
}
