package org.bib.lint;

import java.io.IOException;

/** Looks at an image and tells what is wrong with it. */
@FunctionalInterface
interface Rule {
  /**
   * Adds what it finds.
   *
   * @throws IOException if a file of the image cannot be read back
   */
  void check(Image image, Findings findings) throws IOException;
}
