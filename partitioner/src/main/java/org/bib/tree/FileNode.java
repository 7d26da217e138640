package org.bib.tree;

import org.bib.disk.Content;

/** A regular file. Immutable; hard links share it. */
public final class FileNode implements Node {
  private final Metadata metadata;
  private final Content content;
  private final boolean verity;

  /** A file with this metadata and content. */
  public FileNode(Metadata metadata, Content content) {
    this(metadata, content, false);
  }

  private FileNode(Metadata metadata, Content content, boolean verity) {
    this.metadata = metadata;
    this.content = content;
    this.verity = verity;
  }

  /** Such a file that the filesystem protects by fs-verity: unchangeable, checked when read. */
  public FileNode withVerity() {
    return new FileNode(metadata, content, true);
  }

  /** Such a file with other metadata. */
  public FileNode withMetadata(Metadata changed) {
    return new FileNode(changed, content, verity);
  }

  /** Whether fs-verity protects the file. */
  public boolean verity() {
    return verity;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  /** The bytes of the file. */
  public Content content() {
    return content;
  }
}
