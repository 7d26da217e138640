package org.bib.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The first few of many names, and how many there were, as bootc tells them. */
final class Samples {
  private static final int SHOWN = 5;

  private final List<String> shown = new ArrayList<>();
  private int count;

  void add(String name) {
    add(() -> name);
  }

  /** Adds a name that is made only if it is shown. */
  void add(Supplier<String> name) {
    if (count < SHOWN) {
      shown.add(name.get());
    }
    count++;
  }

  boolean isEmpty() {
    return count == 0;
  }

  @Override
  public String toString() {
    String names = String.join(", ", shown);
    return count > SHOWN ? names + " and " + (count - SHOWN) + " more" : names;
  }
}
