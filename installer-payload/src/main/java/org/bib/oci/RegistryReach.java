package org.bib.oci;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import org.bib.failure.BuildException;
import org.bib.oci.Surroundings.Patience;

/**
 * Whether a registry can be reached at all. Asked before an HTTP client and trust in its
 * certificates are set up, which takes longer than a user should wait for the news of a wrong name.
 */
final class RegistryReach {
  private final RegistryReference image;
  private final EnvironmentProxies proxies;
  private final Patience patience;

  RegistryReach(RegistryReference image, EnvironmentProxies proxies, Patience patience) {
    this.image = image;
    this.proxies = proxies;
    this.patience = patience;
  }

  /**
   * Resolves the registry's name and opens a connection to it, to close it at once.
   *
   * @param tls whether it speaks TLS for sure; if not, and no port is named, there is no telling
   *     which port to try, and nothing is tried
   * @throws BuildException if that fails
   */
  void check(boolean tls) throws BuildException {
    URI uri = URI.create("https://" + image.apiHost() + "/");
    if (uri.getHost() == null
        || (uri.getPort() < 0 && !tls)
        || proxies.select(uri).get(0).type() != Proxy.Type.DIRECT) {
      return;
    }
    InetAddress[] addresses;
    try {
      addresses = InetAddress.getAllByName(uri.getHost());
    } catch (UnknownHostException e) {
      throw unknownHost(image.toString(), uri, e);
    }
    IOException failure = new IOException("no address");
    for (InetAddress address : addresses) {
      try (Socket socket = new Socket()) {
        int port = uri.getPort() < 0 ? 443 : uri.getPort();
        socket.connect(
            new InetSocketAddress(address, port), Math.toIntExact(patience.connect().toMillis()));
        return;
      } catch (SocketTimeoutException e) {
        throw timeout(image.toString(), uri, patience, e);
      } catch (IOException e) {
        failure = e;
      }
    }
    throw refused(image.toString(), uri, failure);
  }

  static BuildException unknownHost(String name, URI uri, IOException cause) {
    return new BuildException(
        name + ": unknown host " + uri.getHost(), "check the name and the network", cause);
  }

  static BuildException timeout(String name, URI uri, Patience patience, IOException cause) {
    return new BuildException(
        name
            + ": no connection to "
            + host(uri)
            + " within "
            + patience.connect().toSeconds()
            + " s",
        "check the name and the network",
        cause);
  }

  static BuildException refused(String name, URI uri, IOException cause) {
    String reason = RegistryTransport.reason(cause);
    // The HTTP client gives the reason as a class, the socket in words of several systems.
    boolean plain =
        reason.equals("ConnectException")
            || reason.equals("ClosedChannelException")
            || reason.contains("onnection refused");
    return new BuildException(
        name + ": cannot connect to " + host(uri) + ": " + (plain ? "connection refused" : reason),
        "check that the registry runs and can be reached",
        cause);
  }

  /** Host and port as written. */
  static String host(URI uri) {
    return uri.getPort() < 0 ? uri.getHost() : uri.getHost() + ":" + uri.getPort();
  }
}
