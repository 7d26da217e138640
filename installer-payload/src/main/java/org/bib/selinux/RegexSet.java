package org.bib.selinux;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/**
 * Tells which of many regular expressions match a path. The automaton of all of them is made
 * deterministic while it is used, as far as the paths lead. For one thread.
 */
final class RegexSet {
  private static final int MAX_CELLS = 1 << 23; // of memory: 32 MiB, then all is forgotten
  private static final long MAX_WORK = 1L << 34; // a minute or two; Debian's policy takes 2^24

  private final Automaton automaton;
  private final int[] byteClasses;
  private final int byteClassCount;
  private final Map<Members, State> known = new HashMap<>();
  private @Nullable State begin;
  private long cells;

  /** States of the automaton, ascending. */
  private static final class Members {
    final int[] states;

    Members(int[] states) {
      this.states = states;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Members that && Arrays.equals(states, that.states);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(states);
    }
  }

  /** What is known of the automaton being in these states at once. */
  private static final class State {
    final Members members;
    final @Nullable State[] next;
    int @Nullable [] matches;

    State(Members members, int byteClasses) {
      this.members = members;
      this.next = new State[byteClasses];
    }
  }

  /** The regular expressions of {@code automaton}, to which none is added any more. */
  RegexSet(Automaton automaton) {
    this.automaton = automaton;
    this.byteClasses = automaton.byteClasses();
    this.byteClassCount = Arrays.stream(byteClasses).max().orElse(0) + 1;
  }

  /**
   * The numbers of those that match, ascending.
   *
   * @param subject its characters are bytes
   * @throws BuildException if the automaton takes too long
   */
  int[] matches(String subject) throws BuildException {
    if (begin == null) {
      begin = state(automaton.begin());
    }
    State state = begin;
    State before = state;
    for (int i = 0; i < subject.length(); i++) {
      before = state;
      int octet = subject.charAt(i);
      State next = state.next[byteClasses[octet]];
      if (next == null) {
        next = state(automaton.step(state.members.states, octet));
        state.next[byteClasses[octet]] = next;
      }
      state = next;
    }
    if (subject.endsWith("\n")) {
      return matchesAroundLineFeed(before.members.states);
    }
    if (state.matches == null) {
      state.matches = automaton.matches(automaton.atEnd(state.members.states));
    }
    return state.matches;
  }

  /** A dollar holds before a line feed at the end, too. */
  private int[] matchesAroundLineFeed(int[] before) {
    int[] states = automaton.atEnd(before);
    int[] after = automaton.atEnd(automaton.step(states, '\n'));
    return IntStream.concat(
            Arrays.stream(automaton.matches(states)), Arrays.stream(automaton.matches(after)))
        .sorted()
        .distinct()
        .toArray();
  }

  private State state(int[] states) throws BuildException {
    if (automaton.work() > MAX_WORK) {
      throw new BuildException(
          "the regular expressions of the image's SELinux policy take too long",
          "set SELINUX=disabled in /etc/selinux/config of the image, or correct its policy");
    }
    Members members = new Members(states);
    State state = known.get(members);
    if (state == null) {
      long size = (long) byteClassCount + states.length;
      cells += size;
      if (cells > MAX_CELLS) {
        known.clear();
        begin = null;
        cells = size;
      }
      state = new State(members, byteClassCount);
      known.put(members, state);
    }
    return state;
  }
}
