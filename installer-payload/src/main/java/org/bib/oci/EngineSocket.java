package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.http.HttpException;
import org.apache.http.HttpResponse;
import org.apache.http.impl.DefaultBHttpClientConnection;
import org.apache.http.message.BasicHttpRequest;

/**
 * HTTP/1.1 over a unix socket, which Java's own client does not speak: Apache HttpCore speaks HTTP,
 * this class gives it the socket.
 */
final class EngineSocket {
  private static final int BUFFER = 1 << 16;

  private final Path path;
  private final Duration patience;

  /**
   * @param patience from one piece of a response to the next
   */
  EngineSocket(Path path, Duration patience) {
    this.path = path;
    this.patience = patience;
  }

  /** What is done with a response. */
  @FunctionalInterface
  interface Handler<T> {
    /**
     * Takes a response.
     *
     * @param status of HTTP
     * @param body to be read before this returns
     */
    T handle(int status, InputStream body) throws IOException;
  }

  /**
   * Sends a GET request.
   *
   * @param target path and query, percent-encoded
   * @throws java.net.SocketException if nobody listens, or this user may not connect
   * @throws SocketTimeoutException if the engine says nothing for too long
   */
  <T> T get(String target, Handler<T> handler) throws IOException {
    try (ChannelSocket socket = new ChannelSocket(path, patience);
        DefaultBHttpClientConnection connection = new DefaultBHttpClientConnection(BUFFER)) {
      connection.bind(socket);
      BasicHttpRequest request = new BasicHttpRequest("GET", target);
      request.addHeader("Host", "localhost");
      request.addHeader("Connection", "close");
      connection.sendRequestHeader(request);
      connection.flush();
      HttpResponse response = connection.receiveResponseHeader();
      connection.receiveResponseEntity(response);
      // Not closed, which would read a body to its end that nobody wants any more.
      InputStream body = response.getEntity().getContent();
      return handler.handle(response.getStatusLine().getStatusCode(), body);
    } catch (HttpException e) {
      throw new IOException("does not speak HTTP: " + e.getMessage(), e);
    }
  }

  /** A unix socket in the shape that HttpCore takes. */
  private static final class ChannelSocket extends Socket {
    private final SocketChannel channel;
    private final Selector selector;
    private final Duration patience;

    ChannelSocket(Path path, Duration patience) throws IOException {
      this.channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
      this.patience = patience;
      channel.configureBlocking(false);
      this.selector = Selector.open();
      channel.register(selector, SelectionKey.OP_READ);
    }

    @Override
    public InputStream getInputStream() {
      return new BulkInputStream() {
        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
          ByteBuffer target = ByteBuffer.wrap(buffer, offset, length);
          int n = length == 0 ? 0 : channel.read(target);
          while (n == 0 && length > 0) {
            selector.selectedKeys().clear();
            if (selector.select(patience.toMillis()) == 0) {
              throw Thread.interrupted()
                  ? new InterruptedIOException("interrupted")
                  : new SocketTimeoutException("no answer for " + patience.toSeconds() + " s");
            }
            n = channel.read(target);
          }
          return n;
        }
      };
    }

    @Override
    public OutputStream getOutputStream() {
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
          // A request is shorter than any socket's buffer.
          if (channel.write(ByteBuffer.wrap(buffer, offset, length)) < length) {
            throw new IOException("the socket takes no request");
          }
        }
      };
    }

    @Override
    public void setSoTimeout(int milliseconds) {}

    @Override
    public void shutdownInput() {}

    @Override
    public void shutdownOutput() {}

    @Override
    public synchronized void close() throws IOException {
      selector.close();
      channel.close();
    }
  }
}
