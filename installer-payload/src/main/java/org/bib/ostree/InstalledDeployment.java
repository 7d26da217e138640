package org.bib.ostree;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.tree.DirectoryNode;
import org.jspecify.annotations.Nullable;

/**
 * A deployment as it is found on a disk.
 *
 * @param stateroot directory below {@code /ostree/deploy}
 * @param checksum of its commit
 * @param serial number among deployments of that commit
 * @param root its tree
 * @param etc its {@code /etc}
 * @param var {@code /var} of the stateroot
 * @param origin what it follows, as the origin file has it; empty if it has none
 * @param commitTexts metadata of the commit that are texts
 * @param entry the boot loader entry that boots it
 */
public record InstalledDeployment(
    String stateroot,
    String checksum,
    String serial,
    DirectoryNode root,
    @Nullable DirectoryNode etc,
    @Nullable DirectoryNode var,
    String origin,
    Map<String, String> commitTexts,
    Optional<LoaderEntry> entry) {
  private static final Pattern NAME = Pattern.compile("([0-9a-f]{64})\\.([0-9]{1,9})");
  private static final String REFERENCE = "container-image-reference=";

  /** All deployments of a system, without their boot loader entries. */
  public static List<InstalledDeployment> find(DirectoryNode sysroot) {
    return find(sysroot, List.of());
  }

  /**
   * All deployments of a system.
   *
   * @param entries of its boot loader
   */
  public static List<InstalledDeployment> find(DirectoryNode sysroot, List<LoaderEntry> entries) {
    List<InstalledDeployment> found = new ArrayList<>();
    if (!(sysroot.find("ostree/deploy").orElse(null) instanceof DirectoryNode top)) {
      return found;
    }
    for (String stateroot : DeploymentCheck.names(top)) {
      if (!(top.find(stateroot + "/deploy").orElse(null) instanceof DirectoryNode deployments)) {
        continue;
      }
      for (String name : DeploymentCheck.names(deployments)) {
        Matcher matcher = NAME.matcher(name);
        if (matcher.matches() && deployments.child(name) instanceof DirectoryNode root) {
          String origin =
              DeploymentCheck.text(deployments.child(name + ".origin"))
                  .lines()
                  .filter(line -> line.startsWith(REFERENCE))
                  .map(line -> line.substring(REFERENCE.length()))
                  .findFirst()
                  .orElse("");
          found.add(
              new InstalledDeployment(
                  stateroot,
                  matcher.group(1),
                  matcher.group(2),
                  root,
                  root.child("etc") instanceof DirectoryNode etc ? etc : null,
                  top.find(stateroot + "/var").orElse(null) instanceof DirectoryNode var
                      ? var
                      : null,
                  origin,
                  DeploymentCheck.commitTexts(sysroot, matcher.group(1)),
                  entries.stream().filter(entry -> entry.boots(sysroot, root)).findFirst()));
        }
      }
    }
    return found;
  }

  /** Its path on the root filesystem. */
  public String path() {
    return "/ostree/deploy/" + stateroot + "/deploy/" + checksum + "." + serial;
  }

  /** Arguments of the kernel, as far as an entry tells them. */
  public List<String> kernelArguments() {
    return entry
        .map(LoaderEntry::options)
        .filter(options -> !options.isEmpty())
        .map(options -> List.of(options.split(" +", -1)))
        .orElse(List.of());
  }

  /**
   * What the boot filesystem has to hold for it: kernel, initramfs and the entry that is there,
   * written as libostree does.
   *
   * @throws IOException if the deployment has no kernel
   */
  public DirectoryNode expectedBoot(LoaderEntry loader) throws IOException {
    return new BootFiles(BootableImage.inspect(root), stateroot)
        .tree(loader.title(), loader.options());
  }
}
