package org.bib.layout;

import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteSize;

/**
 * A partition that is asked for.
 *
 * @param type as the table has it: a GUID in lower case, or two hexadecimal digits
 * @param guid its own, in a GPT; made of the seed if absent
 * @param name in a GPT, at most 36 UTF-16 units
 * @param attributes bits of a GPT, see {@link DiskPlan}
 * @param active the flag of a DOS table
 * @param minimumSize it is made larger where its content needs more, and the root where there is
 *     room; 0 for what the content needs
 * @param payload what it holds
 */
public record PartitionRequest(
    String type,
    Optional<UUID> guid,
    String name,
    long attributes,
    boolean active,
    ByteSize minimumSize,
    Payload payload) {
  /** Units of a name (UEFI 2.10, table 5-6). */
  public static final int MAX_NAME = 36;

  /** What is wrong with a name, if anything is. */
  public static Optional<String> nameProblem(String name) {
    if (name.length() > MAX_NAME) {
      return Optional.of("part_label is not a valid GPT label, it is too long");
    }
    // libfdisk writes UCS-2.
    return name.chars().anyMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c))
        ? Optional.of(
            "part_label is not a valid GPT label, it has control characters or some beyond U+FFFF")
        : Optional.empty();
  }

  /** A partition without anything special. */
  public PartitionRequest(String type, ByteSize minimumSize, Payload payload) {
    this(type, Optional.empty(), "", 0, false, minimumSize, payload);
  }

  /** What it is for. */
  public PartitionRole role() {
    return payload.role(type);
  }

  /** The filesystem it holds, if it holds one. */
  public Optional<FilesystemPayload> filesystem() {
    return payload instanceof FilesystemPayload filesystem
        ? Optional.of(filesystem)
        : Optional.empty();
  }

  /** Where its filesystem is mounted; empty if nowhere. */
  public String mountpoint() {
    return filesystem().map(FilesystemPayload::mountpoint).orElse("");
  }

  /** The same, at least that large. */
  PartitionRequest atLeast(ByteSize size) {
    return size.compareTo(minimumSize) <= 0
        ? this
        : new PartitionRequest(type, guid, name, attributes, active, size, payload);
  }

  /** The same with another type. */
  PartitionRequest withType(String other) {
    return new PartitionRequest(other, guid, name, attributes, active, minimumSize, payload);
  }

  /** The same with the active flag. */
  PartitionRequest activated() {
    return new PartitionRequest(type, guid, name, attributes, true, minimumSize, payload);
  }
}
