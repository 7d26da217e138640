package org.bib.inspect;

import java.util.ArrayList;
import java.util.List;
import org.bib.disk.DamageListener;

/** What was found, in the order it was found: the first of it, and how much there is. */
public final class Differences implements DamageListener {
  private static final int MAX = 1000;

  private final List<String> lines = new ArrayList<>();
  private long count;

  @Override
  public void damaged(String where, String what) {
    count++;
    if (lines.size() < MAX) {
      lines.add(where + ": " + what);
    }
  }

  /** A listener that puts {@code place} before all it is told. */
  DamageListener at(String place) {
    return (where, what) -> damaged(place + ": " + where, what);
  }

  /** Adds all of {@code other}. */
  public void addAll(Differences other) {
    count += other.count - other.lines.size();
    for (String line : other.lines) {
      count++;
      if (lines.size() < MAX) {
        lines.add(line);
      }
    }
  }

  /** The first of them, a line each. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** How many there are. */
  public long count() {
    return count;
  }
}
