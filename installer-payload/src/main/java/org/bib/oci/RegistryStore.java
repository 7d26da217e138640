package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;
import org.bib.oci.Surroundings.Patience;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.jspecify.annotations.Nullable;

/** An image in a registry (OCI distribution specification 1.1, "Pull"). */
final class RegistryStore implements ImageStore {
  private static final String ACCEPTED =
      String.join(
          ", ",
          ImageManifest.OCI_INDEX,
          ImageManifest.OCI_MANIFEST,
          ImageManifest.DOCKER_LIST,
          ImageManifest.DOCKER_MANIFEST);

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MAX_REDIRECTS = 5;

  /** The first renewal may bring a token that another thread got and that has expired since. */
  private static final int MAX_RENEWALS = 2;

  /** A statement of cosign has some hundred bytes. */
  private static final int MAX_PAYLOAD = 64 << 10;

  private static final int MAX_SIGNATURES = 100;

  private static final int MAX_ERROR_BODY = 64 << 10;

  private final RegistryReference image;
  private final RegistryTransport transport;
  private final RegistryLogin login;
  private final Retries retries;
  private final Optional<String> tlsWaiver;
  private final BuildListener listener;
  private final Map<Digest, RawManifest> fetched = new HashMap<>();
  private final Object schemeLock = new Object();
  private @Nullable String scheme;

  /**
   * @param tlsWaiver who allows plain http and certificates that nobody vouches for; nobody if
   *     absent
   * @throws BuildException if the registry cannot be reached
   */
  RegistryStore(
      RegistryReference image,
      Optional<String> tlsWaiver,
      SourceOptions options,
      Surroundings surroundings,
      BuildListener listener)
      throws BuildException {
    boolean tlsVerify = tlsWaiver.isEmpty();
    this.image = image;
    this.tlsWaiver = tlsWaiver;
    this.listener = listener;
    Patience patience = surroundings.patience().within(options.limits());
    this.retries = new Retries(image.toString(), patience, listener);
    EnvironmentProxies proxies = EnvironmentProxies.of(surroundings);
    new RegistryReach(image, proxies, patience).check(tlsVerify);
    this.transport =
        new RegistryTransport(
            image.toString(),
            RegistryTls.context(tlsVerify, options.certDir(), image.registry(), surroundings),
            proxies,
            patience,
            tlsVerify);
    this.login =
        new RegistryLogin(
            image, transport, CredentialFiles.of(options.authfile(), surroundings, listener));
    this.scheme = tlsVerify ? "https" : null;
  }

  @Override
  public String name() {
    return image.toString();
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    RawManifest manifest = fetchManifest(image.manifestReference(), image.digest());
    listener.on(new BuildEvent.Detail(image + " is " + manifest.digest()));
    return List.of(
        new Descriptor(
            manifest.mediaType(),
            manifest.digest(),
            manifest.bytes().length,
            Optional.empty(),
            Optional.empty()));
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) throws IOException {
    RawManifest known = fetched.get(descriptor.digest());
    return known != null
        ? known
        : fetchManifest(descriptor.digest().toString(), Optional.of(descriptor.digest()));
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    return new BlobDownload(descriptor);
  }

  /** As cosign lays them out: under a tag made of the digest, a layer a signature. */
  @Override
  public Optional<List<SigstoreSignature>> signatures(Digest manifest) throws IOException {
    String tag = SigstoreSignature.tag(manifest);
    RawManifest attachments;
    try {
      attachments = requestManifest(tag, Optional.empty());
    } catch (AbsentException e) {
      return Optional.of(List.of());
    }
    String what = image + ": signatures " + tag;
    try {
      List<SigstoreSignature.Attached> attached = SigstoreSignature.attached(attachments.bytes());
      if (attached.size() > MAX_SIGNATURES) {
        throw new MalformedException("more than " + MAX_SIGNATURES + " signatures");
      }
      List<SigstoreSignature> signatures = new ArrayList<>();
      for (SigstoreSignature.Attached one : attached) {
        signatures.add(new SigstoreSignature(payload(one.payload(), what), one.signature()));
      }
      return Optional.of(signatures);
    } catch (MalformedException e) {
      throw new BuildException(
          what + ": " + MessageText.oneLine(String.valueOf(e.getMessage())),
          "sign the image again",
          e);
    }
  }

  private byte[] payload(Descriptor payload, String what) throws IOException, MalformedException {
    if (payload.size() > MAX_PAYLOAD) {
      throw new MalformedException("a payload of more than " + MAX_PAYLOAD + " bytes");
    }
    try (InputStream in =
        new VerifyingInputStream(
            blob(payload), payload.digest(), payload.size(), what, "sign the image again")) {
      return in.readAllBytes();
    }
  }

  @Override
  public String remedyForDamage() {
    return "pull or push the image again";
  }

  @Override
  public void close() {
    // The client keeps no more than idle connections, which end by themselves.
  }

  private RawManifest fetchManifest(String reference, Optional<Digest> asked) throws IOException {
    try {
      RawManifest manifest = requestManifest(reference, asked);
      fetched.put(manifest.digest(), manifest);
      return manifest;
    } catch (AbsentException e) {
      throw new BuildException(
          image + ": not found in the registry (" + e.getMessage() + ")",
          "check the name and the tag",
          e);
    }
  }

  private RawManifest requestManifest(String reference, Optional<Digest> asked) throws IOException {
    String path = "/v2/" + image.repository() + "/manifests/" + reference;
    String what = image + ": manifest " + reference;
    return retries.run(
        () -> {
          HttpResponse<StreamedBody> response = request(path, Map.of("Accept", ACCEPTED));
          byte[] body;
          try (InputStream in = response.body()) {
            body = in.readNBytes(RawManifest.MAX_SIZE + 1);
          }
          if (body.length > RawManifest.MAX_SIZE) {
            throw new BuildException(
                what + ": larger than " + RawManifest.MAX_SIZE + " bytes", "use another image");
          }
          return new RawManifest(mediaType(response), verified(body, asked, response, what), body);
        });
  }

  private Digest verified(
      byte[] body, Optional<Digest> asked, HttpResponse<?> response, String what)
      throws BuildException {
    Optional<Digest> expected = asked.or(() -> announcedDigest(response));
    if (expected.isPresent()) {
      Digest digest = expected.get();
      String hex = HexFormat.of().formatHex(digest.newMessageDigest().digest(body));
      if (!hex.equals(digest.hex())) {
        throw new BuildException(
            what
                + ": digest mismatch: expected "
                + digest
                + ", got "
                + digest.algorithm()
                + ":"
                + hex,
            remedyForDamage());
      }
    }
    return asked.orElseGet(() -> Digest.sha256(body));
  }

  private static Optional<Digest> announcedDigest(HttpResponse<?> response) {
    try {
      return response.headers().firstValue("Docker-Content-Digest").map(Digest::parse);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String mediaType(HttpResponse<?> response) {
    String value = response.headers().firstValue("Content-Type").orElse("");
    int semicolon = value.indexOf(';');
    return (semicolon < 0 ? value : value.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
  }

  /**
   * One try at a request to the registry: redirects followed, challenges answered, refusals told.
   *
   * @return a response with status 200 or 206
   * @throws AbsentException if the registry has no such thing
   * @throws BuildException if trying again is of no use
   */
  private HttpResponse<StreamedBody> request(String path, Map<String, String> headers)
      throws IOException {
    URI uri = URI.create(scheme() + "://" + image.apiHost() + path);
    Optional<String> authorization = login.current();
    HttpResponse<StreamedBody> response = follow(uri, headers, authorization);
    for (int i = 0; i < MAX_RENEWALS; i++) {
      // A challenge of another host, which a redirect led to, is none of ours.
      if (response.statusCode() != 401 || !sameOrigin(response.uri(), uri)) {
        break;
      }
      String answer = answer(response);
      Optional<String> renewed =
          login.renew(
              AuthChallenge.parse(response.headers().allValues("WWW-Authenticate")), authorization);
      if (renewed.isEmpty()) {
        throw login.denied(answer);
      }
      authorization = renewed;
      response = follow(uri, headers, authorization);
    }
    int status = response.statusCode();
    if (status == 200 || status == 206) {
      return response;
    }
    String answer = answer(response);
    if (BusyException.passes(status)) {
      throw new BusyException(response.uri().getHost() + " answered " + answer, response.headers());
    }
    if (status == 416 && headers.containsKey("Range")) {
      throw new RangeRefusedException(response.uri().getHost() + " answered " + answer);
    }
    if (!sameOrigin(response.uri(), uri)) {
      throw new BuildException(
          image + ": " + response.uri().getHost() + ", where the blob lies, answered " + answer,
          "ask who runs the registry");
    }
    if (status == 401 || status == 403) {
      throw login.denied(answer);
    }
    if (status == 404) {
      throw new AbsentException(answer);
    }
    throw new BuildException(
        image + ": the registry answered " + answer, "ask who runs the registry");
  }

  private HttpResponse<StreamedBody> follow(
      URI start, Map<String, String> headers, Optional<String> authorization) throws IOException {
    URI uri = start;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Map<String, String> sent = new TreeMap<>(headers);
      if (sameOrigin(uri, start)) {
        authorization.ifPresent(value -> sent.put("Authorization", value));
      }
      HttpResponse<StreamedBody> response = transport.get(uri, sent);
      Optional<String> location = response.headers().firstValue("Location");
      if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
        return response;
      }
      response.body().close();
      try {
        uri = uri.resolve(location.get());
      } catch (IllegalArgumentException e) {
        throw new BuildException(
            image + ": the registry redirects to " + MessageText.quoted(location.get()),
            "ask who runs the registry");
      }
    }
    throw new BuildException(
        image + ": the registry redirects more than " + MAX_REDIRECTS + " times",
        "ask who runs the registry");
  }

  private static boolean sameOrigin(URI a, URI b) {
    return String.valueOf(a.getScheme()).equalsIgnoreCase(b.getScheme())
        && String.valueOf(a.getHost()).equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  /** Status and what the registry said of it; ends the response. */
  private static String answer(HttpResponse<StreamedBody> response) {
    String answer = Integer.toString(response.statusCode());
    byte[] body;
    try (InputStream in = response.body()) {
      body = in.readNBytes(MAX_ERROR_BODY);
    } catch (IOException e) {
      return answer; // The status says enough.
    }
    try {
      List<JsonObject> errors = JsonObject.parse(body).objects("errors");
      if (!errors.isEmpty()) {
        JsonObject first = errors.get(0);
        answer += " " + first.text("code").orElse("") + ": " + first.text("message").orElse("");
      }
    } catch (MalformedException e) {
      return answer; // Not every proxy in between answers in JSON.
    }
    return MessageText.oneLine(answer);
  }

  /** https, unless plain http is allowed and all that is spoken. */
  private String scheme() throws IOException {
    synchronized (schemeLock) {
      if (scheme != null) {
        return scheme;
      }
      try {
        ping("https");
        scheme = "https";
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException https) {
        try {
          ping("http");
        } catch (IOException http) {
          https.addSuppressed(http);
          throw https;
        }
        scheme = "http";
      }
      String waiver = tlsWaiver.orElse("nobody");
      listener.on(
          new BuildEvent.Warning(
              scheme.equals("http")
                  ? image.registry() + " is read over plain http, as " + waiver + " allows"
                  : "the certificate of "
                      + image.registry()
                      + " is not verified, as "
                      + waiver
                      + " asks"));
      return scheme;
    }
  }

  private void ping(String tried) throws IOException {
    transport.probe(URI.create(tried + "://" + image.apiHost() + "/v2/"));
  }

  /** The server refuses to send a blob from the middle. */
  private static final class RangeRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RangeRefusedException(String message) {
      super(message);
    }
  }

  /** A blob that goes on where a broken transfer left off. */
  private final class BlobDownload extends BulkInputStream {
    /** So much received makes up for earlier breaks. */
    private static final long PROGRESS = 1 << 20;

    private final Descriptor blob;
    private final String path;
    private @Nullable StreamedBody body;
    private long position;
    private long lastBreak;
    private int breaks;
    private boolean ranges = true;

    BlobDownload(Descriptor blob) throws IOException {
      this.blob = blob;
      this.path = "/v2/" + image.repository() + "/blobs/" + blob.digest();
      this.body = connectAgain();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      while (true) {
        StreamedBody from = body;
        if (from == null) {
          throw new IOException(blob.digest() + ": read after close");
        }
        try {
          int n = from.read(bytes, offset, length);
          position += Math.max(n, 0);
          return n;
        } catch (IOException e) {
          from.close();
          if (Thread.currentThread().isInterrupted()) {
            throw e;
          }
          if (position >= blob.size()) {
            return -1; // Everything is here; only the end was not orderly.
          }
          breaks = position - lastBreak >= PROGRESS ? 1 : breaks + 1;
          lastBreak = position;
          retries.pauseOrGiveUp(breaks, e);
          body = connectAgain();
        }
      }
    }

    @Override
    public void close() {
      if (body != null) {
        body.close();
        body = null;
      }
    }

    private StreamedBody connectAgain() throws IOException {
      try {
        return retries.run(this::connect);
      } catch (AbsentException e) {
        throw absent(e);
      }
    }

    private BuildException absent(AbsentException e) {
      String what = image + ": blob " + blob.digest();
      return LayerMediaType.isForeign(blob.mediaType())
          ? new BuildException(
              what
                  + " is not in the registry, for its layer is not distributable ("
                  + MessageText.quoted(blob.mediaType())
                  + ")",
              "push the image with its non-distributable layers included",
              e)
          : new BuildException(
              what + " is not in the registry (" + e.getMessage() + ")", "push the image again", e);
    }

    private StreamedBody connect() throws IOException {
      boolean middle = position > 0 && ranges;
      HttpResponse<StreamedBody> response;
      try {
        response = request(path, middle ? Map.of("Range", "bytes=" + position + "-") : Map.of());
      } catch (RangeRefusedException e) {
        ranges = false;
        throw e;
      }
      StreamedBody connected = response.body();
      try {
        if (response.statusCode() == 206) {
          String range = response.headers().firstValue("Content-Range").orElse("");
          if (!range.startsWith("bytes " + position + "-")) {
            ranges = false;
            throw new IOException("the registry sent another range: " + MessageText.oneLine(range));
          }
        } else {
          connected.skipNBytes(position); // It does not do ranges.
        }
        return connected;
      } catch (IOException e) {
        connected.close();
        throw e;
      }
    }
  }
}
