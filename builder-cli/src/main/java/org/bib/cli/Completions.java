package org.bib.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bib.build.BuildSpec;
import org.bib.build.ImageType;
import org.bib.layout.Architecture;
import org.bib.report.ProgressMode;

/** The words that options take, for help, completion and messages. */
final class Completions {
  private Completions() {}

  static List<String> types() {
    return Arrays.stream(ImageType.values()).map(ImageType::typeName).toList();
  }

  static List<String> compressions() {
    return Arrays.stream(BuildSpec.Compression.values())
        .map(compression -> compression.name().toLowerCase(Locale.ROOT))
        .toList();
  }

  /** {@code --type}. */
  static final class Types extends Words {
    Types() {
      super(types());
    }
  }

  /** {@code --rootfs}. */
  static final class RootFilesystems extends Words {
    RootFilesystems() {
      super(List.of("ext4"));
    }
  }

  /** {@code --target-arch}. */
  static final class Architectures extends Words {
    Architectures() {
      super(Arrays.stream(Architecture.values()).map(Architecture::ociName).toList());
    }
  }

  /** {@code --qcow2-compression}. */
  static final class Compressions extends Words {
    Compressions() {
      super(compressions());
    }
  }

  /** {@code --progress}. */
  static final class ProgressModes extends Words {
    ProgressModes() {
      super(ProgressMode.names());
    }
  }

  /** {@code bib completion}. */
  static final class Shells extends Words {
    Shells() {
      super(List.of("bash", "zsh", "fish"));
    }
  }

  private static class Words implements Iterable<String> {
    private final List<String> words;

    Words(List<String> words) {
      this.words = words;
    }

    @Override
    public java.util.Iterator<String> iterator() {
      return words.iterator();
    }
  }
}
