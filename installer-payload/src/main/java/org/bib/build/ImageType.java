package org.bib.build;

/** An artefact, named and placed as the peer does. */
public enum ImageType {
  QCOW2("qcow2", "qcow2/disk.qcow2"),
  RAW("raw", "image/disk.raw"),
  AMI("ami", "image/disk.raw");

  private final String typeName;
  private final String path;

  ImageType(String typeName, String path) {
    this.typeName = typeName;
    this.path = path;
  }

  /** As {@code --type} takes it. */
  public String typeName() {
    return typeName;
  }

  /** Where it is written below the output directory. */
  public String path() {
    return path;
  }
}
