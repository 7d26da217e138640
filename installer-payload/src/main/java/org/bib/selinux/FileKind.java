package org.bib.selinux;

import java.util.Optional;

/** A kind of inode, with the flag that limits a specification to it (file_contexts(5)). */
public enum FileKind {
  REGULAR("--"),
  DIRECTORY("-d"),
  SYMLINK("-l"),
  CHARACTER_DEVICE("-c"),
  BLOCK_DEVICE("-b"),
  SOCKET("-s"),
  FIFO("-p");

  private final String flag;

  FileKind(String flag) {
    this.flag = flag;
  }

  static Optional<FileKind> of(String flag) {
    for (FileKind kind : values()) {
      if (kind.flag.equals(flag)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
