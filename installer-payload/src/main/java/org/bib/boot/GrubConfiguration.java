package org.bib.boot;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * {@code grub.cfg} for an image that brings none. It lists the boot loader entries that ostree
 * keeps, so that later deployments show in the menu, and the newest is started.
 *
 * <p>The modules {@code blsuki} of GRUB 2.14 and {@code blscfg} of Fedora read entries. Older ones
 * have no such module, and under Secure Boot none can be loaded. There an entry is read as a
 * script: its keys are functions, and {@code options} makes the menu entry. GRUB's commands go
 * before functions, so {@code linux} and {@code initrd} of the entry are for the extractor to
 * refuse; it says so in two lines before the menu. What they name, the menu entry finds by the
 * {@code ostree=} among the options (libostree, ostree-sysroot-deploy.c: {@code
 * install_deployment_kernel}), but for overlay initrds.
 */
final class GrubConfiguration {
  /** Between double quotes GRUB's lexer (script/yylex.l) takes these as they are. */
  private static final Pattern QUOTED = Pattern.compile("\"[^\"$\\\\\\p{Cntrl}]*\"");

  /** Set or empty, and meant to be replaced wherever it stands. */
  private static final Pattern VARIABLE = Pattern.compile("(?<!\\S)\\$ignition_firstboot(?!\\S)");

  /** Outside of quotes it takes these for something else than words. */
  private static final Pattern SPECIAL = Pattern.compile("[{}|&$;<>'\"\\\\\\p{Cntrl}]|(?<!\\S)#");

  private static final String HEAD =
      """
      # Lists the boot loader entries below %s/loader/entries, which ostree and bootc keep.
      if [ -s $prefix/grubenv ]; then
        load_env
      fi
      if [ -f $prefix/console.cfg ]; then
        source $prefix/console.cfg
      elif serial --unit=0 --speed=115200; then
        terminal_input console serial
        terminal_output console serial
      fi
      insmod %s
      insmod ext2
      search --no-floppy --fs-uuid --set=root %s
      # Ignition runs when this file is there, and deletes it when it is done.
      if [ -f %s/ignition.firstboot ]; then
        set ignition_network_kcmdline=
        source %s/ignition.firstboot
        set ignition_firstboot="ignition.firstboot ${ignition_network_kcmdline}"
      fi
      set default=0
      set timeout=1
      # Tells systemd-gpt-auto-generator which disk was booted (Boot Loader Interface).
      if [ "$grub_platform" = efi -a -f $prefix/$grub_cpu-$grub_platform/bli.mod ]; then
        insmod bli
      fi
      """;

  private static final String FUNCTIONS =
      """
      # A GRUB that cannot read entries runs them: their keys are functions. Those that are commands
      # as well, linux and initrd, it refuses to run here, and says so; that is as it should be.
      function title {
        set bls_title="$*"
      }
      function version {
        set bls_version="$*"
      }
      function options {
        menuentry --id "$bls_id" -- "$bls_title" "$@" {
          shift
          for bls_option in "$@"; do
            regexp --set=1:bls_stateroot --set=2:bls_checksum -- \\
              '^ostree=/ostree/boot[.][01]/([^/]+)/([0-9a-f]+)/[0-9]+$' "$bls_option"
          done
          set bls_directory=/boot/ostree/$bls_stateroot-$bls_checksum
          for bls_file in $bls_directory/vmlinuz-*; do
            linux $bls_file "$@"
          done
          for bls_file in $bls_directory/initramfs-*; do
            initrd $bls_file
          done
          for bls_file in $bls_directory/devicetree-*; do
            if [ -f $bls_file ]; then
              devicetree $bls_file
            fi
          done
        }
      }
      """;

  private static final String CHOICE =
      """
      if [ "$lockdown" != y -a -f $prefix/$grub_cpu-$grub_platform/blsuki.mod ]; then
        insmod blsuki
        blscfg --path %s/loader/entries
      elif [ "$lockdown" != y -a -f $prefix/$grub_cpu-$grub_platform/blscfg.mod ]; then
        insmod blscfg
        blscfg
      else
      %sfi
      """;

  private static final String RUN_ENTRIES =
      """
        insmod regexp
        # The newest has the highest number, and comes first.
        set bls_entries=($root)%s/loader/entries
        for bls_file in $bls_entries/ostree-?.conf $bls_entries/ostree-?-*.conf \\
            $bls_entries/ostree-??.conf $bls_entries/ostree-??-*.conf; do
          if [ -f $bls_file ]; then
            set bls_files="$bls_file $bls_files"
          fi
        done
        for bls_file in $bls_files; do
          regexp --set=1:bls_id '([^/]+)[.]conf$' $bls_file
          extract_entries_source $bls_file
        done
      """;

  private static final String FIRST_DEPLOYMENT =
      """
        menuentry %s {
          linux %s %s
          initrd %s
        }
      """;

  private final BootFilesystem boot;
  private final GrubInstallation.Entry entry;

  GrubConfiguration(BootFilesystem boot, GrubInstallation.Entry entry) {
    this.boot = boot;
    this.entry = entry;
  }

  /** The file. */
  FileNode file() {
    return file(
        HEAD.formatted(
                boot.directory(),
                boot.tableModule(),
                boot.uuid(),
                boot.directory(),
                boot.directory())
            + (isReadable() ? FUNCTIONS : "")
            + CHOICE.formatted(
                boot.directory(),
                isReadable() ? RUN_ENTRIES.formatted(boot.directory()) : firstDeployment()));
  }

  /** Whether a GRUB that runs entries finds in this one what is meant. */
  private boolean isReadable() {
    return isWords(entry.title()) && isWords(entry.options());
  }

  private static boolean isWords(String text) {
    String words = VARIABLE.matcher(QUOTED.matcher(text).replaceAll("")).replaceAll("");
    return !SPECIAL.matcher(words).find();
  }

  private String firstDeployment() {
    return FIRST_DEPLOYMENT.formatted(
        "'" + entry.title().replace("'", "'\\''") + "'",
        entry.kernel(),
        entry.options(),
        entry.initramfs());
  }

  /** What is not as one would wish, if anything. */
  Optional<String> warning() {
    return isReadable()
        ? Optional.empty()
        : Optional.of(
            "the name of the operating system or the kernel arguments have quotes or one of"
                + " {}|&$;<>\\#: a GRUB that has no blscfg, or no leave to load it under Secure"
                + " Boot, will start the first deployment only");
  }

  /** An environment block: 1024 bytes (GRUB manual, "The GRUB environment block"). */
  static FileNode environment() {
    String head =
        """
        # GRUB Environment Block
        # WARNING: Do not edit this file by tools other than grub-editenv!!!
        """;
    return file(head + "#".repeat(1024 - head.length()));
  }

  /** A file in GRUB's directory, for root's eyes only: it may hold the hash of a password. */
  static FileNode file(String text) {
    return new FileNode(Metadata.root(0600), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }
}
