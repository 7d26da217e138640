package org.bib.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.bib.build.BuildSpec;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.LabelType;
import org.bib.layout.Payload;
import org.bib.layout.SwapPayload;
import org.bib.secrets.Customizations;
import org.bib.settings.SystemSettings;

/**
 * SHA-256 over what a configuration means. Every text goes in with its length and every list with
 * its count, in one fixed order, so different meanings never share an encoding.
 */
final class MeaningDigest {
  private final MessageDigest sha256;

  private MeaningDigest() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  static String of(
      Customizations customizations,
      SystemSettings settings,
      BuildSpec.Partitioning partitioning,
      List<String> kernel) {
    MeaningDigest digest = new MeaningDigest();
    digest.text("bib configuration 1");
    digest.count(customizations.users());
    customizations.users().forEach(digest::user);
    digest.count(customizations.groups());
    for (Customizations.Group group : customizations.groups()) {
      digest.text(group.name());
      digest.number(group.gid());
    }
    digest.count(customizations.files());
    customizations.files().forEach(digest::file);
    digest.count(customizations.directories());
    customizations.directories().forEach(digest::directory);
    digest.text(customizations.hostname());
    digest.count(partitioning.filesystems());
    for (DiskLayout.MinimumSize filesystem : partitioning.filesystems()) {
      digest.text(filesystem.mountpoint());
      digest.number(filesystem.size().bytes());
    }
    digest.texts(kernel);
    partitioning.disk().ifPresent(digest::disk);
    if (!customizations.sudoWithoutPassword().isEmpty()) {
      digest.text("sudo");
      digest.texts(customizations.sudoWithoutPassword());
    }
    if (!settings.equals(SystemSettings.NONE)) {
      digest.settings(settings);
    }
    return HexFormat.of().formatHex(digest.sha256.digest());
  }

  private void user(Customizations.User user) {
    text(user.name());
    text(user.password());
    texts(user.keys());
    texts(user.groups());
    text(user.home());
    text(user.shell());
    number(user.uid());
    number(user.gid());
    text(user.description());
    number(user.expireDate());
    number(user.forcePasswordReset() ? 1 : 0);
  }

  private void settings(SystemSettings settings) {
    text("settings");
    text(settings.clock().timezone());
    texts(settings.clock().servers());
    text(settings.locale().language());
    text(settings.locale().keyboard());
    texts(settings.services().enabled());
    texts(settings.services().disabled());
    texts(settings.services().masked());
    texts(settings.authorities().stream().map(SystemSettings.Authority::pem).toList());
    number(settings.fips() ? 1 : 0);
    text(settings.pullSecret());
    number(settings.console().isPresent() ? 1 : 0);
    settings
        .console()
        .ifPresent(
            console -> {
              texts(console.input());
              texts(console.output());
              text(console.serial());
            });
    number(settings.ignition().isPresent() ? 1 : 0);
    settings.ignition().ifPresent(ignition -> text(ignition.url()));
  }

  private void file(Customizations.File file) {
    text(file.path());
    text(file.user());
    text(file.group());
    number(permissions(file.permissions()));
    bytes(read(file.data()));
  }

  private void directory(Customizations.Directory directory) {
    text(directory.path());
    text(directory.user());
    text(directory.group());
    number(permissions(directory.permissions()));
    number(directory.ensureParents() ? 1 : 0);
  }

  private void disk(DiskCustomization disk) {
    text("disk");
    text(disk.label().map(LabelType::labelName));
    number(disk.minimumSize().map(ByteSize::bytes).orElse(0L));
    number(disk.startOffset().bytes());
    number(disk.sectorSize());
    count(disk.partitions());
    for (DiskCustomization.Partition partition : disk.partitions()) {
      text(partition.type());
      text(partition.guid().map(UUID::toString));
      text(partition.name());
      number(partition.minimumSize().bytes());
      payload(partition.payload());
    }
  }

  private void payload(Payload payload) {
    if (payload instanceof FilesystemPayload filesystem) {
      text(filesystem.type().typeName());
      text(filesystem.mountpoint());
      text(filesystem.label());
    } else if (payload instanceof SwapPayload swap) {
      text("swap");
      text(swap.label());
    } else {
      text("none");
    }
  }

  private static OptionalLong permissions(Optional<Integer> permissions) {
    return permissions.stream().mapToLong(Integer::longValue).findFirst();
  }

  private static byte[] read(Content content) {
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    try {
      content.read(0, ByteBuffer.wrap(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be read", e);
    }
    return bytes;
  }

  private void texts(List<String> texts) {
    count(texts);
    texts.forEach(this::text);
  }

  private void text(Optional<String> text) {
    number(text.isPresent() ? 1 : 0);
    text.ifPresent(this::text);
  }

  private void text(String text) {
    bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private void bytes(byte[] bytes) {
    number(bytes.length);
    sha256.update(bytes);
  }

  private void count(List<?> list) {
    number(list.size());
  }

  private void number(OptionalLong number) {
    number(number.isPresent() ? 1 : 0);
    number.ifPresent(this::number);
  }

  private void number(long number) {
    sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
  }
}
