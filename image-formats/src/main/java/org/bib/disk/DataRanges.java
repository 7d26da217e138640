package org.bib.disk;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Arithmetic on lists of byte ranges. */
final class DataRanges {
  private DataRanges() {}

  /** The union of both lists: ascending, disjoint, adjacent ranges joined. */
  static List<ByteRange> union(List<ByteRange> a, List<ByteRange> b) {
    List<ByteRange> all =
        Stream.concat(a.stream(), b.stream())
            .filter(range -> range.length() > 0)
            .sorted(Comparator.comparingLong(ByteRange::offset))
            .toList();
    List<ByteRange> joined = new ArrayList<>();
    for (ByteRange range : all) {
      ByteRange last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
      if (last != null && range.offset() <= last.end()) {
        long end = Math.max(last.end(), range.end());
        joined.set(joined.size() - 1, new ByteRange(last.offset(), end - last.offset()));
      } else {
        joined.add(range);
      }
    }
    return List.copyOf(joined);
  }
}
