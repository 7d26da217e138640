package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A container engine on a unix socket that answers as it is told. */
final class FakeEngine implements Closeable {
  private final ServerSocketChannel server;
  private final Map<String, Reply> replies = new TreeMap<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();

  /** An answer. */
  static final class Reply {
    private final int status;
    private final byte[] body;
    private final int chunk;
    private final int sent;

    /**
     * Makes an answer.
     *
     * @param chunk how many bytes make a chunk; 0 for a body with a length
     * @param sent how many bytes of the body are sent before the connection breaks
     */
    Reply(int status, byte[] body, int chunk, int sent) {
      this.status = status;
      this.body = body.clone();
      this.chunk = chunk;
      this.sent = sent;
    }
  }

  FakeEngine() throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  }

  void listen(Path socket) throws IOException {
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread thread = new Thread(this::serve, "engine");
    thread.setDaemon(true);
    thread.start();
  }

  FakeEngine reply(String target, int status, byte[] body) {
    return reply(target, new Reply(status, body, 0, body.length));
  }

  FakeEngine reply(String target, Reply reply) {
    synchronized (replies) {
      replies.put(target, reply);
    }
    return this;
  }

  /** The targets of all requests. */
  List<String> asked() {
    return asked;
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel client = server.accept()) {
        answer(client);
      } catch (IOException e) {
        // A client that hung up, or the end.
      }
    }
  }

  private void answer(SocketChannel client) throws IOException {
    StringBuilder request = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (!request.toString().contains("\r\n\r\n") && client.read(buffer) > 0) {
      request.append(new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1));
      buffer.clear();
    }
    String target = request.toString().split(" ", 3)[1];
    asked.add(target);
    Reply reply;
    synchronized (replies) {
      reply = replies.getOrDefault(target, new Reply(404, new byte[0], 0, 0));
    }
    OutputStream out = Channels.newOutputStream(client);
    out.write(
        TestImage.bytes(
            "HTTP/1.1 "
                + reply.status
                + " Whatever\r\n"
                + (reply.chunk > 0
                    ? "Transfer-Encoding: chunked"
                    : "Content-Length: " + reply.body.length)
                + "\r\n\r\n"));
    for (int at = 0; at < reply.sent; ) {
      int n = Math.min(reply.chunk > 0 ? reply.chunk : reply.sent, reply.sent - at);
      if (reply.chunk > 0) {
        out.write(TestImage.bytes(Integer.toHexString(n) + "\r\n"));
      }
      out.write(reply.body, at, n);
      if (reply.chunk > 0) {
        out.write(TestImage.bytes("\r\n"));
      }
      at += n;
    }
    if (reply.chunk > 0 && reply.sent == reply.body.length) {
      out.write(TestImage.bytes("0\r\n\r\n"));
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
