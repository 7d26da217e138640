package org.bib.oci;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.bib.failure.BuildException;
import org.bib.oci.Surroundings.Patience;
import org.jspecify.annotations.Nullable;

/**
 * Single requests over the JDK's HTTP client, without redirects, logins or retries. A failure that
 * trying again cannot mend is a {@link BuildException}; any other {@link IOException} may pass.
 */
final class RegistryTransport {
  private final HttpClient client;
  private final String name;
  private final Patience patience;
  private final boolean tlsVerify;

  /** Once a host has answered, a refused connection may be a restart instead of a wrong name. */
  private volatile boolean answered;

  RegistryTransport(
      String name,
      SSLContext context,
      ProxySelector proxies,
      Patience patience,
      boolean tlsVerify) {
    this.name = name;
    this.patience = patience;
    this.tlsVerify = tlsVerify;
    this.client =
        HttpClient.newBuilder()
            // A connection per blob: streams of one HTTP/2 connection would share its window.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.connect())
            .sslContext(context)
            .proxy(proxies)
            .build();
  }

  HttpResponse<StreamedBody> get(URI uri, Map<String, String> headers) throws IOException {
    return send(uri, headers, Optional.empty(), patience.response());
  }

  /** Asks for no more than a sign of life. */
  void probe(URI uri) throws IOException {
    send(uri, Map.of(), Optional.empty(), patience.probe()).body().close();
  }

  /** Posts a form. */
  HttpResponse<StreamedBody> post(URI uri, String form) throws IOException {
    return send(
        uri,
        Map.of("Content-Type", "application/x-www-form-urlencoded"),
        Optional.of(form),
        patience.response());
  }

  private HttpResponse<StreamedBody> send(
      URI uri, Map<String, String> headers, Optional<String> form, Duration response)
      throws IOException {
    if (uri.getHost() == null
        || !("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
      throw new BuildException(
          name + ": " + MessageText.quoted(uri.toString()) + " is not a URL to fetch from",
          "ask who runs the registry");
    }
    if (tlsVerify && !"https".equals(uri.getScheme())) {
      throw new BuildException(
          name + ": the registry leads to plain http at " + MessageText.oneLine(uri.getHost()),
          "allow that with --tls-verify=false");
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri).timeout(response).header("User-Agent", "bib");
    headers.forEach(request::header);
    form.ifPresent(text -> request.POST(HttpRequest.BodyPublishers.ofString(text)));
    try {
      HttpResponse<StreamedBody> answer =
          client.send(request.build(), info -> new StreamedBody(patience.idle()));
      answered = true;
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (IOException e) {
      throw understood(e, uri);
    }
  }

  /** A failure as its user should see it, or as it came if another try may help. */
  private IOException understood(IOException failure, URI uri) {
    boolean unknown =
        has(failure, UnresolvedAddressException.class) || has(failure, UnknownHostException.class);
    if (unknown && !answered) {
      return RegistryReach.unknownHost(name, uri, failure);
    }
    if (failure instanceof HttpConnectTimeoutException && !answered) {
      return RegistryReach.timeout(name, uri, patience, failure);
    }
    if (has(failure, SSLException.class)) {
      return tlsFailure(failure, RegistryReach.host(uri));
    }
    boolean refused =
        has(failure, ConnectException.class) || has(failure, NoRouteToHostException.class);
    return refused && !answered ? RegistryReach.refused(name, uri, failure) : failure;
  }

  private IOException tlsFailure(IOException failure, String host) {
    String reason = reason(failure);
    if (reason.contains("plaintext") || reason.contains("unrecognized SSL message")) {
      return new BuildException(
          name + ": " + host + " does not speak TLS",
          "use --tls-verify=false if plain http is meant",
          failure);
    }
    if (has(failure, CertificateException.class)
        || has(failure, CertPathBuilderException.class)
        || has(failure, CertPathValidatorException.class)) {
      return new BuildException(
          name + ": the certificate of " + host + " is not trusted: " + reason,
          "put the CA's certificate into --cert-dir as a *.crt file",
          failure);
    }
    if (answered) {
      return failure; // Cut within a record.
    }
    return new BuildException(
        name + ": TLS with " + host + " failed: " + reason,
        "check the registry's TLS set-up and --cert-dir",
        failure);
  }

  private static boolean has(Throwable failure, Class<? extends Throwable> type) {
    @Nullable Throwable at = failure;
    for (int depth = 0; at != null && depth < 20; depth++) {
      if (type.isInstance(at)) {
        return true;
      }
      at = at.getCause();
    }
    return false;
  }

  /** What the innermost cause that says anything says. */
  static String reason(Throwable failure) {
    String reason = "";
    @Nullable Throwable at = failure;
    for (int depth = 0; at != null && depth < 20; depth++) {
      String message = at.getMessage();
      if (message != null && !message.isBlank() && !message.equals("null")) {
        reason = message;
      }
      at = at.getCause();
    }
    return reason.isEmpty() ? failure.getClass().getSimpleName() : MessageText.oneLine(reason);
  }
}
