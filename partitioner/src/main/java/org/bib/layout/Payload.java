package org.bib.layout;

/** What a partition holds. */
public sealed interface Payload permits FilesystemPayload, SwapPayload, FilePayload, NoPayload {
  /**
   * What a partition with this payload is for.
   *
   * @param type of the partition, as {@link PartitionRequest#type}
   */
  PartitionRole role(String type);
}
