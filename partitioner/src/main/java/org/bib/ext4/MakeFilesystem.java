package org.bib.ext4;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bib.failure.BuildException;

/** Runs {@code mke2fs} with fixed arguments, a fixed environment and a configuration of our own. */
final class MakeFilesystem {
  // Named one by one: what mke2fs would choose differs between distributions. Later features, which
  // older kernels and GRUB do not know (metadata_csum_seed, orphan_file), are left out.
  private static final String FEATURES =
      "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,"
          + "large_file,huge_file,dir_nlink,extra_isize,metadata_csum";
  private static final String CONFIG =
      """
      [defaults]
      	base_features = none
      	default_mntopts = acl,user_xattr
      	enable_periodic_fsck = 0
      	blocksize = 4096
      	inode_size = 256
      	inode_ratio = 16384
      [fs_types]
      	ext4 = {
      		inode_size = 256
      	}
      """;
  private static final List<String> PLACES =
      List.of("/usr/sbin/mke2fs", "/sbin/mke2fs", "/usr/bin/mke2fs");

  private MakeFilesystem() {}

  /**
   * Makes an empty filesystem.
   *
   * @param file the disk image
   * @param offset of the filesystem in it, in bytes
   * @param blocks its size in blocks of 4096 bytes
   * @param inodes at least so many
   * @param verity whether files may have fs-verity, which needs Linux 5.4 to write
   */
  static void run(
      Path file, long offset, long blocks, long inodes, Ext4Options options, boolean verity)
      throws IOException, InterruptedException {
    String mke2fs =
        PLACES.stream()
            .filter(place -> Files.isExecutable(Path.of(place)))
            .findFirst()
            .orElseThrow(
                () ->
                    new BuildException(
                        "ext4 needs mke2fs, which is not there", "install e2fsprogs"));
    Path config = Files.createTempFile(file.toAbsolutePath().getParent(), ".mke2fs", ".conf");
    try {
      Files.writeString(config, CONFIG);
      List<String> command =
          List.of(
              mke2fs,
              "-q",
              "-F",
              "-t",
              "ext4",
              "-b",
              "4096",
              "-I",
              "256",
              "-O",
              verity ? FEATURES + ",verity" : FEATURES,
              "-N",
              Long.toString(inodes),
              "-U",
              options.uuid().toString(),
              "-L",
              options.label(),
              "-E",
              "offset="
                  + offset
                  + ",hash_seed="
                  + options.hashSeed()
                  + ",root_owner=0:0,nodiscard,lazy_itable_init=1,lazy_journal_init=1,"
                  + "assume_storage_prezeroed=1",
              file.toString(),
              Long.toString(Math.multiplyExact(blocks, 4L)) + "k");
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().clear();
      builder
          .environment()
          .putAll(
              Map.of(
                  "LC_ALL",
                  "C",
                  "TZ",
                  "UTC",
                  "MKE2FS_CONFIG",
                  config.toString(),
                  "E2FSPROGS_FAKE_TIME",
                  Long.toString(options.seconds())));
      Process process = builder.start();
      process.getOutputStream().close();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (process.waitFor() != 0) {
        throw new BuildException(
            "mke2fs failed: " + said.replace('\n', ' '), "check free space and e2fsprogs >= 1.47");
      }
    } finally {
      Files.deleteIfExists(config);
    }
  }
}
