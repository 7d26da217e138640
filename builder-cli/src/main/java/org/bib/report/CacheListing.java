package org.bib.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.cache.CacheEntry;
import org.bib.disk.ByteSize;

/** What is kept in the layer cache, for people and for programs. */
public final class CacheListing {
  private static final int SIZE_WIDTH = 8;

  private CacheListing() {}

  /** A line for each entry, and one for all of them. */
  public static List<String> lines(List<CacheEntry> entries) {
    List<String> lines = new ArrayList<>();
    for (CacheEntry entry : entries) {
      String size = entry.size().toString();
      lines.add(
          String.join(
              "  ",
              entry.diffId().toString(),
              " ".repeat(Math.max(0, SIZE_WIDTH - size.length())) + size,
              lastUse(entry),
              Text.line(entry.reference().orElse("-"))));
    }
    lines.add(sum(entries));
    return lines;
  }

  /** How many entries, and their size, as in {@code 2 layers, 10 MiB}. */
  public static String sum(List<CacheEntry> entries) {
    ByteSize sum = new ByteSize(0);
    for (CacheEntry entry : entries) {
      sum = sum.plus(entry.size());
    }
    return count(entries) + ", " + sum;
  }

  /** How many entries, as in {@code 2 layers}. */
  public static String count(List<CacheEntry> entries) {
    return entries.size() + (entries.size() == 1 ? " layer" : " layers");
  }

  /**
   * A JSON object: {@code directory}, and {@code layers}, each with {@code digest}, {@code size} in
   * bytes, {@code lastUse} in UTC and, if it is known, {@code reference}.
   */
  public static String json(Path directory, List<CacheEntry> entries) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeStringField("directory", directory.toString());
      json.writeArrayFieldStart("layers");
      for (CacheEntry entry : entries) {
        json.writeStartObject();
        json.writeStringField("digest", entry.diffId().toString());
        json.writeNumberField("size", entry.size().bytes());
        json.writeStringField("lastUse", lastUse(entry));
        Optional<String> reference = entry.reference();
        if (reference.isPresent()) {
          json.writeStringField("reference", reference.get());
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter takes everything
    }
    return text.toString();
  }

  private static String lastUse(CacheEntry entry) {
    return entry.lastUse().truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
