package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;
import org.jspecify.annotations.Nullable;

/**
 * What to put into {@code Authorization} for one repository: nothing, Basic (RFC 7617), or a Bearer
 * token as the Docker token authentication specification has it.
 */
final class RegistryLogin {
  private static final int MAX_TOKEN_RESPONSE = 1 << 20;

  private final RegistryReference image;
  private final RegistryTransport transport;
  private final CredentialFiles files;
  private @Nullable String current;
  private Optional<Credential> credential = Optional.empty();
  private boolean searched;

  RegistryLogin(RegistryReference image, RegistryTransport transport, CredentialFiles files) {
    this.image = image;
    this.transport = transport;
    this.files = files;
  }

  /** What to send as far as is known. */
  synchronized Optional<String> current() {
    return Optional.ofNullable(current);
  }

  /**
   * Answers a challenge.
   *
   * @param challenges of the 401 response
   * @param rejected what the request had sent
   * @return what to send now, or nothing if there is no better answer
   * @throws BuildException if the token service refuses
   */
  synchronized Optional<String> renew(List<AuthChallenge> challenges, Optional<String> rejected)
      throws IOException {
    if (current != null && !Optional.of(current).equals(rejected)) {
      return Optional.of(current); // Another thread was faster.
    }
    for (AuthChallenge challenge : challenges) {
      if (challenge.scheme().equals("bearer") && challenge.parameters().containsKey("realm")) {
        current = "Bearer " + token(challenge.parameters());
        return Optional.of(current);
      }
    }
    boolean basic = challenges.stream().anyMatch(challenge -> challenge.scheme().equals("basic"));
    Optional<String> answer =
        basic
            ? credential().filter(found -> !found.identityToken()).map(RegistryLogin::basic)
            : Optional.empty();
    if (answer.isEmpty() || answer.equals(rejected)) {
      return Optional.empty();
    }
    current = answer.get();
    return answer;
  }

  /** The failure of a request that stays refused. */
  BuildException denied(String answer) throws BuildException {
    Optional<Credential> used = credential();
    String scope = image.registry() + "/" + image.repository();
    return new BuildException(
        image
            + ": access denied by "
            + image.registry()
            + " ("
            + answer
            + "), "
            + (used.isPresent()
                ? "with the " + used.get()
                : "without credentials, for there are none for " + scope + " in " + files.places()),
        "log in with podman login " + image.registry() + " or name credentials with --authfile");
  }

  private Optional<Credential> credential() throws BuildException {
    if (!searched) {
      credential = files.find(image);
      searched = true;
    }
    return credential;
  }

  private static String basic(Credential credential) {
    byte[] pair = (credential.user() + ":" + credential.secret()).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(pair);
  }

  private String token(Map<String, String> parameters) throws IOException {
    String realm = parameters.getOrDefault("realm", "");
    String scope = parameters.getOrDefault("scope", "repository:" + image.repository() + ":pull");
    StringBuilder query = new StringBuilder("scope=").append(encoded(scope));
    String service = parameters.get("service");
    if (service != null) {
      query.append("&service=").append(encoded(service));
    }
    URI uri;
    try {
      uri = URI.create(realm);
    } catch (IllegalArgumentException e) {
      throw badAnswer("has a token service at " + MessageText.quoted(realm));
    }
    Optional<Credential> used = credential();
    HttpResponse<StreamedBody> response;
    if (used.isPresent() && used.get().identityToken()) {
      response =
          transport.post(
              uri,
              "grant_type=refresh_token&client_id=bib&refresh_token="
                  + encoded(used.get().secret())
                  + "&"
                  + query);
    } else {
      URI target = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
      response =
          transport.get(
              target, used.map(found -> Map.of("Authorization", basic(found))).orElse(Map.of()));
    }
    return token(response, uri);
  }

  private String token(HttpResponse<StreamedBody> response, URI service) throws IOException {
    byte[] body;
    try (InputStream in = response.body()) {
      body = in.readNBytes(MAX_TOKEN_RESPONSE);
    }
    int status = response.statusCode();
    if (BusyException.passes(status)) {
      throw new BusyException(
          "token service " + service.getHost() + " answered " + status, response.headers());
    }
    if (status != 200) {
      throw denied(status + " from the token service " + service.getHost());
    }
    try {
      JsonObject json = JsonObject.parse(body);
      Optional<String> token = json.text("token");
      if (token.isEmpty()) {
        token = json.text("access_token");
      }
      // A line break would smuggle a header of its own.
      if (token.isPresent() && token.get().chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        return token.get();
      }
    } catch (MalformedException e) {
      throw badAnswer("has a token service that answers no JSON");
    }
    throw badAnswer("has a token service that answers no token");
  }

  private BuildException badAnswer(String what) {
    return new BuildException(
        image + ": " + image.registry() + " " + what, "ask who runs the registry");
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
