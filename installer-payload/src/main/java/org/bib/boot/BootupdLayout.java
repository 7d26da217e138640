package org.bib.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;

/**
 * The boot loaders of an image made for bootupd, installed as {@code bootupctl backend install
 * --write-uuid} does (bootupd: bootupd.rs, efi.rs, bios.rs, grubconfigs.rs): what there is to
 * update is there to install, and GRUB's configuration is the image's.
 */
final class BootupdLayout {
  private static final String UPDATES = "usr/lib/bootupd/updates";
  private static final String COMPONENTS = "usr/lib/efi";
  private static final String CONFIGURATION = "usr/lib/bootupd/grub2-static";
  private static final String DROP_INS = CONFIGURATION + "/configs.d";
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final int MAX_TEXT = 4 << 20; // all drop-ins together
  private static final int BUFFER = 64 << 10;

  private final ImageFiles files;
  private final Optional<BootupdState.Update> efi;
  private final Optional<BootupdState.Update> bios;

  private BootupdLayout(ImageFiles files, boolean hasBios) throws IOException {
    this.files = files;
    this.efi = readUpdate("EFI");
    this.bios = hasBios ? readUpdate("BIOS") : Optional.empty();
  }

  /** Where the image says what it has of a component, relative to the root. */
  static String update(String component) {
    return UPDATES + "/" + component + ".json";
  }

  /**
   * The layout, if the image has any component to install.
   *
   * @param hasBios whether the architecture has a BIOS
   */
  static Optional<BootupdLayout> find(ImageFiles files, boolean hasBios) throws IOException {
    BootupdLayout layout = new BootupdLayout(files, hasBios);
    return layout.efi.isPresent() || layout.bios.isPresent()
        ? Optional.of(layout)
        : Optional.empty();
  }

  private Optional<BootupdState.Update> readUpdate(String component) throws IOException {
    String path = update(component);
    Optional<FileNode> file = files.file(path);
    return file.isPresent()
        ? Optional.of(BootupdState.Update.read(path, text(path, file.get())))
        : Optional.empty();
  }

  /**
   * GRUB for BIOS, if the image is to be installed with it.
   *
   * @throws BuildException if it is, and its modules are missing
   */
  Optional<BiosGrub> bios() throws BuildException {
    if (bios.isEmpty()) {
      return Optional.empty();
    }
    Optional<BiosGrub> grub = BiosGrub.find(files);
    if (grub.isEmpty()) {
      throw new BuildException(
          "the image has /" + update("BIOS") + " but no GRUB modules in /" + BiosGrub.path(),
          "install grub2-pc-modules in the image, or remove that file");
    }
    return grub;
  }

  /**
   * Installs GRUB for UEFI and the configuration.
   *
   * @param bootUuid of the boot filesystem, if the configuration is to find it by that
   * @param esp tree of the EFI system partition
   * @param grub GRUB's directory on the boot filesystem
   * @return {@code bootupd-state.json}
   * @throws BuildException if a part is missing or malformed
   */
  byte[] install(EfiNames names, Optional<UUID> bootUuid, DirectoryNode esp, DirectoryNode grub)
      throws IOException {
    BootupdState state = new BootupdState();
    bios.ifPresent(update -> state.add("BIOS", update, Optional.empty()));
    FileNode main = configuration();
    grub.put("grub.cfg", main);
    grub.put("grubenv", GrubConfiguration.environment());
    Optional<FileNode> uuid =
        bootUuid.map(value -> GrubConfiguration.file("set BOOT_UUID=\"" + value + "\"\n"));
    uuid.ifPresent(file -> grub.put("bootuuid.cfg", file));
    if (efi.isPresent()) {
      DirectoryNode root = esp.directory("EFI", DIRECTORY);
      SortedMap<String, BootupdState.InstalledFile> installed = installPayload(root, names);
      state.add("EFI", efi.get(), Optional.of(installed));
      DirectoryNode vendor = root.directory(vendor(installed, names), DIRECTORY);
      vendor.put("grub.cfg", new FileNode(Metadata.root(0644), staticFile("efi").content()));
      uuid.ifPresent(file -> vendor.put("bootuuid.cfg", file));
    }
    // bootupd tells its own version here, which is nowhere to be read in an image.
    Instant since = staticFile("pre").metadata().mtime();
    return state.bytes(new BootupdState.Update(since, "unknown", Optional.empty()));
  }

  /** Copies what packages bring for the EFI system partition. */
  private SortedMap<String, BootupdState.InstalledFile> installPayload(
      DirectoryNode efi, EfiNames names) throws IOException {
    SortedMap<String, BootupdState.InstalledFile> installed = new TreeMap<>(NameOrder.INSTANCE);
    List<String> payloads = payloads();
    for (String payload : payloads) {
      DirectoryNode directory = files.directory(payload).orElseThrow();
      // bootupd knows a file of a package by its path in /usr/lib/efi, others by that on the ESP.
      String source =
          payload.startsWith(COMPONENTS) ? payload.substring(COMPONENTS.length() + 1) + "/" : "";
      copy(directory, efi, payload, source, "", installed);
    }
    if (installed.keySet().stream()
        .noneMatch(path -> path.equalsIgnoreCase("BOOT/" + names.removableMedia()))) {
      throw new BuildException(
          "the image has nothing for UEFI to start from a disk: no BOOT/"
              + names.removableMedia()
              + " in /"
              + String.join(", /", payloads),
          "install shim for this architecture in the image");
    }
    return installed;
  }

  /** The directories named EFI of the image's packages, relative to the root. */
  private List<String> payloads() throws BuildException {
    List<String> payloads = new ArrayList<>();
    for (String component : names(COMPONENTS)) {
      for (String version : names(COMPONENTS + "/" + component)) {
        String path = COMPONENTS + "/" + component + "/" + version + "/EFI";
        if (files.directory(path).isPresent()) {
          payloads.add(path);
        }
      }
    }
    String old = UPDATES + "/EFI";
    if (payloads.isEmpty() && files.directory(old).isPresent()) {
      payloads.add(old);
    }
    if (payloads.isEmpty()) {
      throw new BuildException(
          "the image has /"
              + update("EFI")
              + " but no /"
              + COMPONENTS
              + "/NAME/VERSION/EFI and no /"
              + old,
          "run bootupctl backend generate-update-metadata when building the image");
    }
    return payloads;
  }

  private List<String> names(String directory) {
    return files
        .directory(directory)
        .map(found -> List.copyOf(found.children().keySet()))
        .orElse(List.of());
  }

  private void copy(
      DirectoryNode from,
      DirectoryNode to,
      String place,
      String source,
      String path,
      SortedMap<String, BootupdState.InstalledFile> installed)
      throws IOException {
    for (Map.Entry<String, Node> child : from.children().entrySet()) {
      String name = child.getKey();
      if (child.getValue() instanceof DirectoryNode directory) {
        if (to.child(name) instanceof FileNode) {
          throw twice(place + "/" + name);
        }
        copy(
            directory,
            to.directory(name, DIRECTORY),
            place + "/" + name,
            source,
            path + name + "/",
            installed);
      } else if (child.getValue() instanceof FileNode file) {
        if (to.child(name) instanceof DirectoryNode) {
          throw twice(place + "/" + name);
        }
        to.put(name, new FileNode(Metadata.root(0644), file.content()));
        installed.put(
            path + name,
            new BootupdState.InstalledFile(
                source + path + name, file.content().size(), sha512(file.content())));
      } else {
        throw ImageFiles.malformed(
            place + "/" + name, "is a symbolic link, which an EFI system partition cannot hold");
      }
    }
  }

  private static BuildException twice(String path) {
    return ImageFiles.malformed(path, "is a file in one package, a directory in another");
  }

  /** The directory of the distribution: that of shim. */
  private static String vendor(
      SortedMap<String, BootupdState.InstalledFile> installed, EfiNames names)
      throws BuildException {
    List<String> shims =
        installed.keySet().stream().filter(path -> path.endsWith("/" + names.shim())).toList();
    if (shims.size() != 1 || shims.get(0).indexOf('/') != shims.get(0).lastIndexOf('/')) {
      throw new BuildException(
          "the image's files for the EFI system partition have "
              + (shims.isEmpty() ? "no " + names.shim() : String.join(" and ", shims))
              + ", so that the directory for GRUB's configuration is not known",
          "install one shim in the image, in a directory of its distribution below EFI");
    }
    return shims.get(0).substring(0, shims.get(0).indexOf('/'));
  }

  /** {@code grub.cfg}: the image's own, with its drop-ins in the order of their names. */
  private FileNode configuration() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    append(out, "# Generated by bootupd / do not edit\n\n");
    out.writeBytes(text(staticPath("pre"), staticFile("pre")));
    for (String name : names(DROP_INS)) {
      String path = DROP_INS + "/" + name;
      Optional<FileNode> file = files.file(path);
      if (name.endsWith(".cfg") && file.isPresent()) {
        append(out, "\n### BEGIN " + name + " ###\n");
        out.writeBytes(text(path, file.get()));
        append(out, "### END " + name + " ###\n");
        if (out.size() > MAX_TEXT) {
          throw ImageFiles.malformed(DROP_INS, "is larger than " + MAX_TEXT + " bytes");
        }
      }
    }
    return new FileNode(Metadata.root(0600), Content.of(out.toByteArray()));
  }

  private static void append(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private FileNode staticFile(String name) throws BuildException {
    String path = staticPath(name);
    return files
        .file(path)
        .orElseThrow(
            () ->
                new BuildException(
                    "the image has bootupd's updates but no /" + path,
                    "install the whole of bootupd in the image"));
  }

  private static String staticPath(String name) {
    return CONFIGURATION + "/grub-static-" + name + ".cfg";
  }

  private static byte[] text(String path, FileNode file) throws IOException {
    if (file.content().size() > MAX_TEXT) {
      throw ImageFiles.malformed(path, "is larger than " + MAX_TEXT + " bytes");
    }
    return ImageFiles.bytes(file, path);
  }

  private static String sha512(Content content) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-512");
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      for (long at = 0; at < content.size(); at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(BUFFER, content.size() - at));
        content.read(at, buffer);
        digest.update(buffer.flip());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-512", e);
    }
  }
}
