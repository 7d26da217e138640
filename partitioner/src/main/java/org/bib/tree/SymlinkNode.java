package org.bib.tree;

/** A symbolic link; its permissions are always 0777. Immutable; hard links share it. */
public final class SymlinkNode implements Node {
  private final Metadata metadata;
  private final String target;

  /** A link to {@code target}, which is 1 to 4095 bytes of UTF-8. */
  public SymlinkNode(Metadata metadata, String target) {
    this.metadata = metadata.withPermissions(0777);
    this.target = target;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  /** What the link says, as it says it. */
  public String target() {
    return target;
  }
}
