package org.bib.oci;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** Proxies as {@code HTTPS_PROXY}, {@code HTTP_PROXY} and {@code NO_PROXY} name them. */
final class EnvironmentProxies extends ProxySelector {
  private static final Pattern ADDRESS =
      Pattern.compile("[0-9.]+|\\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*]?");

  private final Optional<InetSocketAddress> https;
  private final Optional<InetSocketAddress> http;
  private final List<String> exceptions;

  private EnvironmentProxies(
      Optional<InetSocketAddress> https,
      Optional<InetSocketAddress> http,
      List<String> exceptions) {
    this.https = https;
    this.http = http;
    this.exceptions = exceptions;
  }

  static EnvironmentProxies of(Surroundings surroundings) throws BuildException {
    return new EnvironmentProxies(
        proxy("HTTPS_PROXY", surroundings),
        proxy("HTTP_PROXY", surroundings),
        List.of(
            variable("NO_PROXY", surroundings).orElse("").toLowerCase(Locale.ROOT).split("[, ]+")));
  }

  @Override
  public List<Proxy> select(@Nullable URI uri) {
    if (uri == null || uri.getHost() == null) {
      return List.of(Proxy.NO_PROXY);
    }
    boolean secure = "https".equals(uri.getScheme());
    Optional<InetSocketAddress> proxy = secure ? https : http;
    int port = uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
    if (proxy.isEmpty() || isExcepted(uri.getHost().toLowerCase(Locale.ROOT), port)) {
      return List.of(Proxy.NO_PROXY);
    }
    // Unresolved until used, so that an unknown proxy is told as such.
    InetSocketAddress address = proxy.get();
    return List.of(
        new Proxy(
            Proxy.Type.HTTP, new InetSocketAddress(address.getHostString(), address.getPort())));
  }

  @Override
  public void connectFailed(
      @Nullable URI uri, @Nullable SocketAddress address, @Nullable IOException e) {
    // There is no second proxy to go to.
  }

  private boolean isExcepted(String host, int port) {
    Optional<InetAddress> address = literal(host);
    if (host.equals("localhost") || address.filter(InetAddress::isLoopbackAddress).isPresent()) {
      return true;
    }
    for (String exception : exceptions) {
      if (!exception.isEmpty() && matches(exception, host, port, address)) {
        return true;
      }
    }
    return false;
  }

  private static boolean matches(
      String exception, String host, int port, Optional<InetAddress> address) {
    if (exception.equals("*")) {
      return true;
    }
    int slash = exception.indexOf('/');
    if (slash >= 0) {
      return address.isPresent() && inNetwork(exception, slash, address.get());
    }
    if (literal(exception).isPresent()) {
      return literal(exception).equals(address);
    }
    String name = exception;
    int colon = exception.lastIndexOf(':');
    if (colon >= 0) {
      if (!exception.substring(colon + 1).equals(Integer.toString(port))) {
        return false;
      }
      name = exception.substring(0, colon);
    }
    if (name.startsWith("*.")) {
      name = name.substring(1);
    }
    return name.startsWith(".")
        ? host.endsWith(name)
        : host.equals(name) || host.endsWith("." + name);
  }

  private static boolean inNetwork(String network, int slash, InetAddress address) {
    Optional<InetAddress> base = literal(network.substring(0, slash));
    String lengthText = network.substring(slash + 1);
    if (base.isEmpty() || !lengthText.matches("[0-9]{1,3}")) {
      return false;
    }
    byte[] a = base.get().getAddress();
    byte[] b = address.getAddress();
    int length = Integer.parseInt(lengthText);
    if (a.length != b.length || length > a.length * 8) {
      return false;
    }
    for (int bit = 0; bit < length; bit++) {
      int mask = 0x80 >> (bit % 8);
      if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  /** Only what is an address by its looks: nothing here may ask a name server. */
  private static Optional<InetAddress> literal(String text) {
    if (!ADDRESS.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.getByName(text));
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  private static Optional<InetSocketAddress> proxy(String name, Surroundings surroundings)
      throws BuildException {
    Optional<String> value = variable(name, surroundings);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    URI uri;
    try {
      uri = new URI(value.get().contains("://") ? value.get() : "http://" + value.get());
    } catch (URISyntaxException e) {
      throw new BuildException(name + ": is not a URL", "set it as http://proxy.example:3128");
    }
    if (uri.getHost() == null || !"http".equals(uri.getScheme())) {
      throw new BuildException(
          name + ": is not the URL of an http proxy", "set it as http://proxy.example:3128");
    }
    if (uri.getUserInfo() != null) {
      throw new BuildException(
          name + ": names a user, and logging in at a proxy is not supported",
          "use a proxy without a login");
    }
    int port = uri.getPort() >= 0 ? uri.getPort() : 80;
    return Optional.of(InetSocketAddress.createUnresolved(uri.getHost(), port));
  }

  private static Optional<String> variable(String name, Surroundings surroundings) {
    return surroundings
        .variable(name)
        .or(() -> surroundings.variable(name.toLowerCase(Locale.ROOT)));
  }
}
