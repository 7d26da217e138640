package org.bib.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** Standard output: a writer over it tells nobody why it failed, so this remembers. */
final class ResultStream extends FilterOutputStream {
  // strerror(3) of EPIPE: the reader went away and wants no more, as head(1) does.
  private static final String READER_LEFT = "Broken pipe";

  private Optional<String> failure = Optional.empty();

  ResultStream(OutputStream out) {
    super(out);
  }

  /** Why the results did not all get out, if somebody still wants them. */
  Optional<String> failure() {
    return failure;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      if (failure.isEmpty() && !message.equals(READER_LEFT)) {
        failure = Optional.of(message);
      }
      throw e;
    }
  }
}
