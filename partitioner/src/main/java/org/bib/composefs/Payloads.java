package org.bib.composefs;

import org.bib.tree.FileNode;

/** Knows where contents are. */
@FunctionalInterface
public interface Payloads {
  /** The payload of a file that is not empty. */
  Payload of(FileNode file);
}
