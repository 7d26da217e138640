package org.bib.oci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/**
 * The tar of a layer that an engine unpacked, put together again: what tar-split (vbatts/tar-split,
 * tar/storage/entry.go) recorded of it, headers and padding, with the contents of files from the
 * directory of the layer. Nothing is verified here.
 */
final class TarSplitStream extends BulkInputStream {
  // tar/storage/entry.go, Type.
  private static final long FILE = 1;
  private static final long SEGMENT = 2;

  /** Headers between two files, or the padding at the end of an archive; no writer makes more. */
  private static final int MAX_SEGMENT = 32 << 20;

  /** The longest name that a file can have, and more (limits.h, PATH_MAX). */
  private static final int MAX_NAME = 1 << 16;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(MAX_NAME).maxNestingDepth(2).build())
          .build();

  private final String what;
  private final Remedies remedies;
  private final InputStream record;
  private final JsonParser parser;
  private final LayerDirectory directory;
  private InputStream content = InputStream.nullInputStream();
  private String contentName = "";
  private long left;
  private boolean ended;

  /**
   * What to do about failures, imperatives.
   *
   * @param damage if the layer is not what it was
   * @param denial if this user may not read it
   */
  record Remedies(String damage, String denial) {}

  /** What is recorded of one stretch of the tar. */
  private static final class Entry {
    long type;
    String name = "";
    long size;
    byte[] payload = new byte[0];
  }

  /**
   * @param record the entries as JSON, inflated; closed with this stream
   * @param what names the layer in messages
   * @param remedies what to do about failures
   */
  TarSplitStream(InputStream record, LayerDirectory directory, String what, Remedies remedies)
      throws IOException {
    this.what = what;
    this.remedies = remedies;
    this.record = record;
    this.parser = FACTORY.createParser(record);
    this.directory = directory;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    try {
      while (left == 0 && !ended) {
        advance();
      }
      if (ended) {
        return -1;
      }
      int n = content.read(buffer, offset, (int) Math.min(length, left));
      if (n < 0) {
        throw damaged(quoted(contentName) + " is shorter than it was");
      }
      left -= n;
      return n;
    } catch (AccessDeniedException e) {
      throw new BuildException(
          what + ": this user may not read " + MessageText.oneLine(String.valueOf(e.getFile())),
          remedies.denial(),
          e);
    } catch (NoSuchFileException e) {
      throw damaged(
          quoted(String.valueOf(e.getFile()))
              + (e.getReason() == null ? " is not there" : ": " + e.getReason()));
    } catch (FileSystemException e) {
      throw damaged(quoted(contentName) + ": " + e.getReason());
    }
  }

  private BuildException damaged(String reason) {
    return new BuildException(what + ": " + reason, remedies.damage());
  }

  private void advance() throws IOException {
    content.close();
    Entry entry = next();
    if (entry == null) {
      ended = true;
    } else if (entry.type == SEGMENT) {
      content = new ByteArrayInputStream(entry.payload);
      left = entry.payload.length;
    } else if (entry.type == FILE && entry.size > 0) {
      contentName = entry.name;
      content = directory.open(entry.name);
      left = entry.size;
    } else if (entry.type != FILE || entry.size < 0) {
      throw damaged("the record of its tar is damaged: an entry of type " + entry.type);
    }
  }

  private @Nullable Entry next() throws IOException {
    try {
      JsonToken start = parser.nextToken();
      if (start == null) {
        return null;
      }
      if (start != JsonToken.START_OBJECT) {
        throw damaged("the record of its tar is damaged: not an object");
      }
      Entry entry = new Entry();
      for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
        parser.nextToken();
        switch (key) {
          case "type" -> entry.type = parser.getLongValue();
          case "name" -> entry.name = parser.getText();
          case "name_raw" -> entry.name = utf8(binary(MAX_NAME));
          case "size" -> entry.size = parser.getLongValue();
          case "payload" -> entry.payload = binary(MAX_SEGMENT);
          default -> parser.skipChildren();
        }
      }
      return entry;
    } catch (JsonProcessingException e) {
      throw damaged(
          "the record of its tar is damaged: " + MessageText.oneLine(e.getOriginalMessage()));
    }
  }

  private byte[] binary(int limit) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return new byte[0];
    }
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            if (length > limit - count) {
              throw new IllegalArgumentException();
            }
            super.write(bytes, offset, length);
          }
        };
    try {
      parser.readBinaryValue(out);
    } catch (IllegalArgumentException e) {
      throw damaged("the record of its tar has an entry of more than " + limit + " bytes");
    }
    return out.toByteArray();
  }

  private String utf8(byte[] name) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
    } catch (CharacterCodingException e) {
      throw damaged("a file has a name that is not UTF-8");
    }
  }

  private static String quoted(String name) {
    return MessageText.quoted(name);
  }

  @Override
  public void close() throws IOException {
    content.close();
    parser.close();
    record.close();
  }
}
