package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server on loopback for what an HTTP server would not do. */
final class RawServer implements AutoCloseable {
  private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final List<String> heads = new CopyOnWriteArrayList<>();

  /** What is done with a connection whose request has been read. */
  interface Conversation {
    void run(Socket socket, String head) throws IOException;
  }

  RawServer(Conversation conversation) throws IOException {
    executor.execute(
        () -> {
          while (!listening.isClosed()) {
            try {
              Socket socket = listening.accept();
              sockets.add(socket);
              executor.execute(() -> talk(socket, conversation));
            } catch (IOException e) {
              return; // Closed.
            }
          }
        });
  }

  /**
   * A proxy that tunnels.
   *
   * @param targets where to connect to in truth, by host and port as the client asks
   */
  static RawServer tunnel(Map<String, String> targets) throws IOException {
    return new RawServer(
        (socket, head) -> {
          String asked = head.split(" ", -1)[1];
          if (!head.startsWith("CONNECT ") || !targets.containsKey(asked)) {
            send(socket, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            return;
          }
          String[] target = targets.getOrDefault(asked, "").split(":", -1);
          try (Socket other = new Socket()) {
            other.connect(new InetSocketAddress(target[0], Integer.parseInt(target[1])), 5000);
            send(socket, "HTTP/1.1 200 OK\r\n\r\n");
            Thread back = new Thread(() -> pipe(other, socket));
            back.start();
            pipe(socket, other);
            back.join();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static void pipe(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // The other direction has closed them.
    }
  }

  static void send(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  /** Ends a connection by RST, as a crashed machine or a firewall does. */
  static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private void talk(Socket socket, Conversation conversation) {
    try (socket) {
      StringBuilder head = new StringBuilder();
      InputStream in = socket.getInputStream();
      while (head.indexOf("\r\n\r\n") < 0) {
        int c = in.read();
        if (c < 0) {
          return;
        }
        head.append((char) c);
      }
      heads.add(head.toString());
      conversation.run(socket, head.toString());
    } catch (IOException e) {
      // The client has gone.
    }
  }

  String host() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  /** Requests as they came. */
  List<String> heads() {
    return heads;
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
    executor.shutdownNow();
  }
}
