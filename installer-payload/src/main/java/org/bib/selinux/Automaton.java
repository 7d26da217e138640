package org.bib.selinux;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A nondeterministic automaton of many regular expressions (Thompson's construction). It is built
 * from the ends to the starts. A match found needs no more of the subject.
 */
final class Automaton {
  // What PCRE2 takes is of the same order; a policy of today has 120,000 states in all.
  private static final int MAX_STATES_A_REGEX = 1 << 15;
  private static final int MAX_STATES = 1 << 21;

  private enum Kind {
    ONE_OF, // of set x, then y
    EITHER, // x or y
    START, // then y
    END, // then y
    MATCH // of number x
  }

  private Kind[] kinds = new Kind[1 << 10];
  private int[] xs = new int[1 << 10];
  private int[] ys = new int[1 << 10];
  private int size;
  private int limit;
  private final Map<BitSet, Integer> setNumbers = new HashMap<>();
  private final List<BitSet> sets = new ArrayList<>();
  private final List<Integer> entries = new ArrayList<>();
  private int[] marks = {}; // by state: the mark of the last closure that reached it
  private int mark;
  private int[] stack = new int[64];
  private long work;

  /**
   * Adds a regular expression, which gets the next number, from 0 on. It is looked for anywhere in
   * a subject, as pcre2_match(3) does.
   */
  void add(Regex regex) throws MalformedSpecException {
    limit = Math.min(MAX_STATES, size + MAX_STATES_A_REGEX);
    int entry = regex.emit(this, state(Kind.MATCH, entries.size(), 0));
    if (!regex.isAnchored()) {
      BitSet all = new BitSet(256);
      all.set(0, 256);
      int loop = either(entry, entry);
      ys[loop] = oneOf(all, loop);
      entry = loop;
    }
    entries.add(entry);
  }

  int oneOf(BitSet bytes, int next) throws MalformedSpecException {
    Integer number = setNumbers.get(bytes);
    if (number == null) {
      number = sets.size();
      setNumbers.put(bytes, number);
      sets.add(bytes);
    }
    return state(Kind.ONE_OF, number, next);
  }

  int either(int one, int other) throws MalformedSpecException {
    return state(Kind.EITHER, one, other);
  }

  int start(int next) throws MalformedSpecException {
    return state(Kind.START, 0, next);
  }

  int end(int next) throws MalformedSpecException {
    return state(Kind.END, 0, next);
  }

  /** Makes {@code either} lead to {@code one} in place of what it led to first. */
  void redirect(int either, int one) {
    xs[either] = one;
  }

  private int state(Kind kind, int x, int y) throws MalformedSpecException {
    if (size == limit) {
      throw new MalformedSpecException("it is too large");
    }
    if (size == kinds.length) {
      kinds = Arrays.copyOf(kinds, 2 * size);
      xs = Arrays.copyOf(xs, 2 * size);
      ys = Arrays.copyOf(ys, 2 * size);
    }
    kinds[size] = kind;
    xs[size] = x;
    ys[size] = y;
    return size++;
  }

  /** The states before the first byte. */
  int[] begin() {
    Closure closure = new Closure(true, false);
    entries.forEach(closure::add);
    return closure.states();
  }

  /** The states after one more byte. */
  int[] step(int[] states, int octet) {
    Closure closure = new Closure(false, false);
    for (int state : states) {
      if (kinds[state] == Kind.MATCH) {
        closure.add(state);
      } else if (kinds[state] == Kind.ONE_OF && sets.get(xs[state]).get(octet)) {
        closure.add(ys[state]);
      }
    }
    return closure.states();
  }

  /** What {@code states} become where {@code $} holds. */
  int[] atEnd(int[] states) {
    Closure closure = new Closure(false, true);
    for (int state : states) {
      closure.add(state);
    }
    return closure.states();
  }

  /** The numbers of the regular expressions that have matched, ascending. */
  int[] matches(int[] states) {
    return Arrays.stream(states)
        .filter(state -> kinds[state] == Kind.MATCH)
        .map(state -> xs[state])
        .sorted()
        .toArray();
  }

  /** A number for each byte; bytes with the same number are never told apart. */
  int[] byteClasses() {
    int[] classes = new int[256];
    for (BitSet set : sets) {
      Map<Integer, Integer> renumbered = new HashMap<>();
      for (int octet = 0; octet < 256; octet++) {
        int key = 2 * classes[octet] + (set.get(octet) ? 1 : 0);
        classes[octet] = renumbered.computeIfAbsent(key, unused -> renumbered.size());
      }
    }
    return classes;
  }

  /** How many states were visited so far, a measure of time. */
  long work() {
    return work;
  }

  /** Collects states and all that they lead to without a byte. */
  private final class Closure {
    private final boolean atStart;
    private final boolean atEnd;
    private int[] found = new int[64];
    private int count;

    Closure(boolean atStart, boolean atEnd) {
      this.atStart = atStart;
      this.atEnd = atEnd;
      if (marks.length < size) {
        marks = new int[size];
      }
      mark++;
    }

    void add(int first) {
      int depth = push(0, first);
      while (depth > 0) {
        int state = stack[--depth];
        switch (kinds[state]) {
          case EITHER -> depth = push(push(depth, ys[state]), xs[state]);
          case START -> depth = atStart ? push(depth, ys[state]) : depth;
          case END -> {
            collect(state);
            depth = atEnd ? push(depth, ys[state]) : depth;
          }
          case ONE_OF, MATCH -> collect(state);
        }
      }
    }

    private int push(int depth, int state) {
      if (marks[state] == mark) {
        return depth;
      }
      marks[state] = mark;
      work++;
      if (depth == stack.length) {
        stack = Arrays.copyOf(stack, 2 * depth);
      }
      stack[depth] = state;
      return depth + 1;
    }

    private void collect(int state) {
      if (count == found.length) {
        found = Arrays.copyOf(found, 2 * count);
      }
      found[count++] = state;
    }

    int[] states() {
      int[] states = Arrays.copyOf(found, count);
      Arrays.sort(states);
      return states;
    }
  }
}
