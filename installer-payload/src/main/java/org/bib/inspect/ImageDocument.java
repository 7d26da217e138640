package org.bib.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.lint.Finding;
import org.bib.lint.ImageLint;
import org.bib.lint.LintReport;
import org.bib.oci.Digest;
import org.bib.oci.SourceImage;
import org.bib.ostree.ImagePath;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.KernelArguments;
import org.bib.ostree.KernelDirectory;
import org.bib.ostree.PrepareRoot;
import org.bib.selinux.SelinuxPolicy;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;

/** Tells what an image is. */
public final class ImageDocument {
  private static final List<String> INIT =
      List.of("/usr/sbin/init", "/sbin/init", "/usr/lib/systemd/systemd");
  private static final String BOOTUPD = "usr/lib/bootupd/updates";

  private ImageDocument() {}

  /**
   * What was read.
   *
   * @param reference as typed
   * @param image the source
   * @param root merged tree
   * @param encapsulated whether its lowest layers are an ostree commit
   * @param uncompressed bytes of the tars of layers, by digest of the blob, as far as known
   * @param architecture it is to run on
   */
  public record Input(
      String reference,
      SourceImage image,
      DirectoryNode root,
      boolean encapsulated,
      Map<Digest, Long> uncompressed,
      Architecture architecture) {}

  /** Tells what an image is; what is wrong with it is among that. */
  public static Document of(Input input) throws IOException {
    Document document = new Document("image");
    ObjectNode root = document.root();
    SourceImage image = input.image();
    root.put("reference", input.reference())
        .put("digest", image.manifestDigest().toString())
        .put("architecture", image.imageConfig().architecture())
        .put("os", image.imageConfig().os());
    image.imageConfig().created().ifPresent(created -> root.put("created", created.toString()));
    addLabels(root, image);
    ArrayNode kernels = root.putArray("kernels");
    KernelDirectory.find(input.root()).forEach(kernel -> kernels.add(kernel.version()));
    root.put("init", init(input.root()));
    addLayers(root, input);
    addInstallation(root, input);
    addFeatures(root, input);
    addFindings(root, input);
    return document;
  }

  private static void addLabels(ObjectNode root, SourceImage image) {
    ObjectNode labels = root.putObject("labels");
    image
        .imageConfig()
        .labels()
        .forEach(
            (name, value) -> {
              if (name.startsWith("containers.bootc")
                  || name.startsWith("ostree.")
                  || name.equals("version")
                  || name.startsWith("org.opencontainers.image.")) {
                labels.put(name, value);
              }
            });
  }

  private static String init(DirectoryNode root) {
    for (String path : INIT) {
      if (root.find(path).orElse(null) instanceof SymlinkNode link) {
        return link.target();
      }
      if (ImagePath.file(root, path).isPresent()) {
        return path;
      }
    }
    return "";
  }

  private static void addLayers(ObjectNode root, Input input) {
    ArrayNode layers = root.putArray("layers");
    long compressed = 0;
    long uncompressed = 0;
    boolean known = true;
    for (SourceImage.Layer layer : input.image().layers()) {
      ObjectNode node =
          layers
              .addObject()
              .put("digest", layer.digest().toString())
              .put("mediaType", layer.mediaType())
              .put("compressed", layer.size());
      compressed += layer.size();
      Long bytes = input.uncompressed().get(layer.digest());
      known &= bytes != null;
      if (bytes != null) {
        node.put("uncompressed", bytes);
        uncompressed += bytes;
      }
    }
    ObjectNode sum = root.putObject("allLayers").put("compressed", compressed);
    if (known) {
      sum.put("uncompressed", uncompressed);
    }
  }

  private static void addInstallation(ObjectNode root, Input input) throws IOException {
    ObjectNode install = root.putObject("install");
    try {
      InstallConfig config = InstallConfig.read(input.root(), input.architecture());
      config.rootFilesystem().ifPresent(type -> install.put("rootFilesystem", type));
      config.stateroot().ifPresent(name -> install.put("stateroot", name));
      config.rootMountSpec().ifPresent(spec -> install.put("rootMountSpec", spec));
      config.bootMountSpec().ifPresent(spec -> install.put("bootMountSpec", spec));
      config.bootloader().ifPresent(loader -> install.put("bootloader", loader));
      config.discoverablePartitions().ifPresent(on -> install.put("discoverablePartitions", on));
      install.put("enforceSignaturePolicy", config.enforceSignaturePolicy());
      ArrayNode block = install.putArray("block");
      config.block().forEach(block::add);
      ArrayNode arguments = install.putArray("kernelArguments");
      new KernelArguments()
          .addFrom(config, input.root(), input.architecture())
          .toList()
          .forEach(arguments::add);
    } catch (BuildException e) {
      install.put("problem", e.problem());
    }
  }

  private static void addFeatures(ObjectNode root, Input input) throws IOException {
    DirectoryNode tree = input.root();
    root.put("encapsulated", input.encapsulated());
    root.put("bootupd", ImagePath.resolve(tree, BOOTUPD).isPresent());
    try {
      root.put(
          "selinux",
          SelinuxPolicy.find(path -> ImagePath.file(tree, path).map(FileNode::content))
              .isPresent());
      PrepareRoot prepare = PrepareRoot.read(tree, List.of());
      root.put("composefs", prepare.composefs() ? prepare.verity() ? "verity" : "yes" : "no");
    } catch (BuildException e) {
      root.put("problem", e.problem());
    }
  }

  private static void addFindings(ObjectNode root, Input input) throws IOException {
    LintReport report =
        ImageLint.check(input.root(), input.image().imageConfig().labels(), input.architecture());
    ArrayNode findings = root.putArray("findings");
    List<Finding> all = new ArrayList<>(report.fatal());
    all.addAll(report.warnings());
    for (Finding finding : all) {
      findings
          .addObject()
          .put("severity", finding.severity().name().toLowerCase(Locale.ROOT))
          .put("rule", finding.rule())
          .put("message", finding.message());
    }
  }
}
