package org.bib.layout;

/**
 * The bytes of a file of the image, from the start of the partition on.
 *
 * @param path in the image
 * @param where the file and key that say so, for messages
 */
public record FilePayload(String path, String where) implements Payload {
  @Override
  public PartitionRole role(String type) {
    return PartitionRole.RAW;
  }
}
