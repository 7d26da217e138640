package org.bib.selinux;

import java.util.BitSet;
import java.util.List;

/** A regular expression over bytes, as {@link RegexParser} reads it. */
sealed interface Regex {
  /**
   * Adds this to an automaton.
   *
   * @param next where it goes on after this
   * @return where this begins
   * @throws MalformedSpecException if the automaton becomes too large
   */
  int emit(Automaton automaton, int next) throws MalformedSpecException;

  /** Whether this can match at the start of a subject only. */
  default boolean isAnchored() {
    return false;
  }

  /** One byte of a set. */
  record OneOf(BitSet bytes) implements Regex {
    @Override
    public int emit(Automaton automaton, int next) throws MalformedSpecException {
      return automaton.oneOf(bytes, next);
    }
  }

  /** One after the other; none of them is the empty string. */
  record Sequence(List<Regex> parts) implements Regex {
    public Sequence {
      parts = List.copyOf(parts);
    }

    @Override
    public int emit(Automaton automaton, int next) throws MalformedSpecException {
      int entry = next;
      for (int i = parts.size() - 1; i >= 0; i--) {
        entry = parts.get(i).emit(automaton, entry);
      }
      return entry;
    }

    @Override
    public boolean isAnchored() {
      return !parts.isEmpty() && parts.get(0).isAnchored();
    }
  }

  /** Any of these. */
  record Choice(List<Regex> branches) implements Regex {
    public Choice {
      branches = List.copyOf(branches);
    }

    @Override
    public int emit(Automaton automaton, int next) throws MalformedSpecException {
      int entry = branches.get(0).emit(automaton, next);
      for (Regex branch : branches.subList(1, branches.size())) {
        entry = automaton.either(entry, branch.emit(automaton, next));
      }
      return entry;
    }

    @Override
    public boolean isAnchored() {
      return branches.stream().allMatch(Regex::isAnchored);
    }
  }

  /** {@code min} to {@code max} times; whether as many or as few as can be makes no difference. */
  record Repeat(Regex part, int min, int max) implements Regex {
    static final int UNLIMITED = Integer.MAX_VALUE;

    @Override
    public int emit(Automaton automaton, int next) throws MalformedSpecException {
      int entry = next;
      if (max == UNLIMITED) {
        int loop = automaton.either(next, next);
        automaton.redirect(loop, part.emit(automaton, loop));
        entry = loop;
      } else {
        for (int i = min; i < max; i++) {
          entry = automaton.either(part.emit(automaton, entry), next);
        }
      }
      int behind = -1; // what emits nothing need not do so again
      for (int i = 0; i < min && entry != behind; i++) {
        behind = entry;
        entry = part.emit(automaton, entry);
      }
      return entry;
    }
  }

  /** Where the subject starts, or ends: at its end, or before a line feed there. */
  enum Edge implements Regex {
    START {
      @Override
      public int emit(Automaton automaton, int next) throws MalformedSpecException {
        return automaton.start(next);
      }

      @Override
      public boolean isAnchored() {
        return true;
      }
    },
    END {
      @Override
      public int emit(Automaton automaton, int next) throws MalformedSpecException {
        return automaton.end(next);
      }
    }
  }
}
