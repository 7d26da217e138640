package org.bib.settings;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;

/**
 * Certificate authorities that the system trusts besides those of the image. Their files lie where
 * the image's tool looks for them (update-ca-trust(8), update-ca-certificates(8)); a unit runs the
 * tool at each boot, before networks are up, so that authorities of later images are trusted, too.
 */
final class TrustAnchors {
  private static final String KEY = "customizations.cacerts";
  private static final String UNIT = "bib-ca-trust.service";
  private static final String UPDATE_CA_TRUST = "/usr/bin/update-ca-trust";
  private static final String UPDATE_CA_CERTIFICATES = "/usr/sbin/update-ca-certificates";

  /** Where anchors of Debian's tool go if its own directory cannot be written. */
  private static final String OTHER_DIRECTORY = "/etc/ca-certificates/local";

  private final SystemTree system;

  TrustAnchors(SystemTree system) {
    this.system = system;
  }

  /**
   * What makes anchors effective.
   *
   * @param command with which it does
   * @param anchors directory of the anchors
   * @param extension of their files
   */
  private record Store(String command, String anchors, String extension) {}

  /** Adds authorities and returns what the image cannot honour. */
  List<String> add(List<SystemSettings.Authority> authorities) throws ConfigException {
    if (authorities.isEmpty()) {
      return List.of();
    }
    Optional<Store> store = store();
    if (store.isEmpty()) {
      return List.of(
          KEY
              + " has no effect: the image has neither "
              + UPDATE_CA_TRUST
              + " nor "
              + UPDATE_CA_CERTIFICATES);
    }
    for (SystemSettings.Authority authority : authorities) {
      put(
          store.get().anchors() + "/" + authority.name() + store.get().extension(),
          authority.pem());
    }
    put("/etc/systemd/system/" + UNIT, unit(store.get()));
    system.put(
        system.resolveParent("/etc/systemd/system/sysinit.target.wants/" + UNIT),
        new SymlinkNode(system.metadata(0777, 0, 0), "/etc/systemd/system/" + UNIT));
    return List.of();
  }

  /** The trust store of Fedora's family, of Arch, of SUSE, of Debian's family. */
  private Optional<Store> store() throws ConfigException {
    boolean trust = isFile(UPDATE_CA_TRUST);
    boolean certificates = isFile(UPDATE_CA_CERTIFICATES);
    String arch = "/etc/ca-certificates/trust-source/anchors";
    if (trust) {
      return Optional.of(
          new Store(
              UPDATE_CA_TRUST,
              isDirectory(arch) ? arch : "/etc/pki/ca-trust/source/anchors",
              ".pem"));
    }
    if (!certificates) {
      return Optional.empty();
    }
    String suse = "/etc/pki/trust/anchors";
    if (isDirectory(suse)) {
      return Optional.of(new Store(UPDATE_CA_CERTIFICATES, suse, ".pem"));
    }
    String debian = "/usr/local/share/ca-certificates";
    return Optional.of(
        system.resolve(debian).isWritable()
            ? new Store(UPDATE_CA_CERTIFICATES, debian, ".crt")
            : new Store(
                UPDATE_CA_CERTIFICATES + " --localcertsdir " + OTHER_DIRECTORY,
                OTHER_DIRECTORY,
                ".crt"));
  }

  private boolean isFile(String path) throws ConfigException {
    return system.resolve(path).node() instanceof FileNode;
  }

  private boolean isDirectory(String path) throws ConfigException {
    return system.resolve(path).node() instanceof DirectoryNode;
  }

  private void put(String path, String text) throws ConfigException {
    system.put(
        system.resolveParent(path),
        new FileNode(
            system.metadata(0644, 0, 0), Content.of(text.getBytes(StandardCharsets.US_ASCII))));
  }

  private static String unit(Store store) {
    return """
        [Unit]
        Description=Trust the certificate authorities in %s
        DefaultDependencies=no
        RequiresMountsFor=/etc /var /tmp
        After=local-fs.target systemd-tmpfiles-setup.service
        Before=sysinit.target network-pre.target shutdown.target
        Conflicts=shutdown.target

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=%s

        [Install]
        WantedBy=sysinit.target
        """
        .formatted(store.anchors(), store.command());
  }
}
