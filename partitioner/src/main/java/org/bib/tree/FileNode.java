package org.bib.tree;

import org.bib.disk.Content;

/** A regular file. Immutable; hard links share it. */
public final class FileNode implements Node {
  private final Metadata metadata;
  private final Content content;

  /** A file with this metadata and content. */
  public FileNode(Metadata metadata, Content content) {
    this.metadata = metadata;
    this.content = content;
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
