package org.bib.build;

import org.bib.inspect.Differences;

/**
 * What verifying a disk found.
 *
 * @param proof what it was compared with
 * @param differences what is not as it has to be
 * @param additions what is not from the image
 */
public record VerifyReport(Proof proof, Differences differences, Differences additions) {
  /** What a disk was compared with. */
  public enum Proof {
    /** Its own commits. */
    DISK("its own commits"),
    /** The image, but for what a configuration decides. */
    IMAGE("the image, but for what a configuration decides"),
    /** The image and the configuration: all of it. */
    CONFIGURATION("the image and the configuration");

    private final String words;

    Proof(String words) {
      this.words = words;
    }

    /** As messages name it. */
    public String words() {
      return words;
    }
  }
}
