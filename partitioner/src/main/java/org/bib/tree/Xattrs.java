package org.bib.tree;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Extended attributes: full names ({@code security.capability}) to raw values, in the order of
 * names. Immutable.
 */
public final class Xattrs {
  /** No attributes. */
  public static final Xattrs NONE = new Xattrs(new TreeMap<>(NameOrder.INSTANCE));

  private final SortedMap<String, ByteBuffer> values;

  private Xattrs(SortedMap<String, ByteBuffer> values) {
    this.values = Collections.unmodifiableSortedMap(values);
  }

  /** Attributes with copies of the values of {@code map}. */
  public static Xattrs of(Map<String, byte[]> map) {
    if (map.isEmpty()) {
      return NONE;
    }
    TreeMap<String, ByteBuffer> copy = new TreeMap<>(NameOrder.INSTANCE);
    map.forEach((name, value) -> copy.put(name, ByteBuffer.wrap(value.clone()).asReadOnlyBuffer()));
    return new Xattrs(copy);
  }

  /** These attributes with {@code name} set to {@code value}. */
  public Xattrs with(String name, byte[] value) {
    TreeMap<String, ByteBuffer> copy = new TreeMap<>(NameOrder.INSTANCE);
    copy.putAll(values);
    copy.put(name, ByteBuffer.wrap(value.clone()).asReadOnlyBuffer());
    return new Xattrs(copy);
  }

  /** Names to values; each value is a read-only buffer to {@code duplicate()} before reading. */
  public SortedMap<String, ByteBuffer> values() {
    return values;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return values.isEmpty();
  }

  /** A copy of a value as an array. */
  public static byte[] bytes(ByteBuffer value) {
    byte[] bytes = new byte[value.remaining()];
    value.duplicate().get(bytes);
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Xattrs that && values.equals(that.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.keySet().toString();
  }
}
