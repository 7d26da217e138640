package org.bib.oci;

import com.google.cloud.tools.jib.registry.credentials.CredentialHelperNotFoundException;
import com.google.cloud.tools.jib.registry.credentials.CredentialHelperUnhandledServerUrlException;
import com.google.cloud.tools.jib.registry.credentials.DockerCredentialHelper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;

/**
 * Finds credentials where engines keep them: containers-auth.json(5) and Docker's {@code
 * config.json}. The most specific key that covers the repository wins; a key for another repository
 * of the same registry never does.
 */
final class CredentialFiles {
  private static final Pattern HELPER_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /** Docker Hub's key in Docker's own files. */
  private static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";

  private final List<Path> files;
  private final boolean explicit;
  private final Map<String, String> environment;
  private final BuildListener listener;

  private CredentialFiles(
      List<Path> files, boolean explicit, Map<String, String> environment, BuildListener listener) {
    this.files = files;
    this.explicit = explicit;
    this.environment = environment;
    this.listener = listener;
  }

  /**
   * The files to look into, in order: the one named, or else the one {@code REGISTRY_AUTH_FILE}
   * names, or else those that are there of the default ones.
   */
  static CredentialFiles of(
      Optional<Path> authfile, Surroundings surroundings, BuildListener listener) {
    Optional<Path> named =
        authfile.or(() -> surroundings.variable("REGISTRY_AUTH_FILE").map(Path::of));
    List<Path> files = new ArrayList<>();
    if (named.isPresent()) {
      files.add(named.get());
    } else {
      surroundings
          .variable("XDG_RUNTIME_DIR")
          .ifPresent(directory -> files.add(Path.of(directory, "containers", "auth.json")));
      Path config =
          surroundings
              .variable("XDG_CONFIG_HOME")
              .map(Path::of)
              .orElse(surroundings.home().resolve(".config"));
      files.add(config.resolve("containers").resolve("auth.json"));
      files.add(
          surroundings
              .variable("DOCKER_CONFIG")
              .map(Path::of)
              .orElse(surroundings.home().resolve(".docker"))
              .resolve("config.json"));
    }
    return new CredentialFiles(files, named.isPresent(), surroundings.environment(), listener);
  }

  /** Where credentials are looked for, for messages. */
  String places() {
    return String.join(", ", files.stream().map(Path::toString).toList());
  }

  /** The credential for a repository, from the first file that has one. */
  Optional<Credential> find(RegistryReference image) throws BuildException {
    for (Path file : files) {
      Optional<Credential> found = findIn(file, image);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  private Optional<Credential> findIn(Path file, RegistryReference image) throws BuildException {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      if (explicit) {
        throw new BuildException(file + ": no such file", "name an existing --authfile", e);
      }
      return Optional.empty();
    } catch (IOException e) {
      if (explicit) {
        throw new BuildException(file + ": cannot be read", "check its permissions", e);
      }
      return Optional.empty();
    }
    try {
      return findIn(JsonObject.parse(bytes), file, image);
    } catch (MalformedException e) {
      // The cause may quote what stands in the file.
      throw new BuildException(
          file + ": is not a credentials file in JSON", "mend it, or name another with --authfile");
    }
  }

  private Optional<Credential> findIn(JsonObject json, Path file, RegistryReference image)
      throws MalformedException, BuildException {
    Map<String, String> helpers = json.textMap("credHelpers");
    Map<String, JsonObject> auths = json.objectMap("auths");
    for (String scope : scopes(image)) {
      Optional<String> helperKey = keyFor(scope, helpers.keySet());
      if (helperKey.isPresent()) {
        Optional<Credential> found =
            ask(helpers.getOrDefault(helperKey.get(), ""), helperKey.get(), file);
        if (found.isPresent()) {
          return found;
        }
      }
      Optional<String> authKey = keyFor(scope, auths.keySet());
      if (authKey.isPresent()) {
        JsonObject entry = auths.get(authKey.get());
        Optional<Credential> found =
            entry == null ? Optional.empty() : credential(entry, file.toString());
        if (found.isPresent()) {
          return found;
        }
      }
    }
    Optional<String> store = json.text("credsStore");
    if (store.isPresent()) {
      String server =
          RegistryReference.isDockerHub(image.registry()) ? DOCKER_HUB_KEY : image.registry();
      return ask(store.get(), server, file);
    }
    return Optional.empty();
  }

  /** What keys may cover a repository, most specific first. */
  static List<String> scopes(RegistryReference image) {
    List<String> scopes = new ArrayList<>();
    String scope = image.registry() + "/" + image.repository();
    int slash = scope.length();
    while (slash >= 0) {
      scope = scope.substring(0, slash);
      scopes.add(scope);
      slash = scope.lastIndexOf('/');
    }
    return scopes;
  }

  private static Optional<String> keyFor(String scope, Iterable<String> keys) {
    Optional<String> found = Optional.empty();
    for (String key : keys) {
      if (key.equals(scope)) {
        return Optional.of(key);
      }
      if (found.isEmpty() && normalised(key).equals(scope)) {
        found = Optional.of(key);
      }
    }
    return found;
  }

  /** Docker writes URLs, {@code https://registry.example/v1/}, which mean the whole registry. */
  private static String normalised(String key) {
    String normal = key;
    for (String scheme : List.of("https://", "http://")) {
      if (key.startsWith(scheme)) {
        normal = key.substring(scheme.length());
        int slash = normal.indexOf('/');
        normal = slash < 0 ? normal : normal.substring(0, slash);
      }
    }
    int slash = normal.indexOf('/');
    String host = slash < 0 ? normal : normal.substring(0, slash);
    return RegistryReference.isDockerHub(host)
        ? "docker.io" + normal.substring(host.length())
        : normal;
  }

  private static Optional<Credential> credential(JsonObject entry, String origin)
      throws MalformedException {
    Optional<String> token = entry.text("identitytoken");
    if (token.isPresent()) {
      return token.map(secret -> new Credential("", secret, true, origin));
    }
    Optional<String> auth = entry.text("auth");
    if (auth.isPresent()) {
      String pair;
      try {
        pair = new String(Base64.getDecoder().decode(auth.get()), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw new MalformedException("an auth is not base64");
      }
      int colon = pair.indexOf(':');
      if (colon <= 0) {
        throw new MalformedException("an auth is not user:password");
      }
      return Optional.of(
          new Credential(
              pair.substring(0, colon),
              pair.substring(colon + 1).replace("\0", ""),
              false,
              origin));
    }
    Optional<String> user = entry.text("username");
    Optional<String> password = entry.text("password");
    return user.isPresent() && password.isPresent()
        ? Optional.of(new Credential(user.get(), password.get(), false, origin))
        : Optional.empty();
  }

  private Optional<Credential> ask(String helper, String server, Path file) throws BuildException {
    String program = "docker-credential-" + helper;
    if (!HELPER_NAME.matcher(helper).matches()) {
      throw new BuildException(
          file + ": " + MessageText.quoted(helper) + " is not the name of a credential helper",
          "mend it");
    }
    // A bare name is looked up on the PATH that is searched here, so that a test can set it.
    Path executable =
        Optional.ofNullable(environment.get("PATH")).stream()
            .flatMap(path -> List.of(path.split(":", -1)).stream())
            .filter(directory -> directory.startsWith("/"))
            .map(directory -> Path.of(directory, program))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(Path.of(program));
    try {
      com.google.cloud.tools.jib.api.Credential found =
          new DockerCredentialHelper(server, executable).retrieve();
      return Optional.of(
          new Credential(
              found.isOAuth2RefreshToken() ? "" : found.getUsername(),
              found.getPassword(),
              found.isOAuth2RefreshToken(),
              program));
    } catch (CredentialHelperNotFoundException e) {
      listener.on(new BuildEvent.Warning(program + ", which " + file + " names, is not installed"));
    } catch (CredentialHelperUnhandledServerUrlException e) {
      listener.on(new BuildEvent.Detail(program + " has no credentials for " + server));
    } catch (IOException e) {
      listener.on(new BuildEvent.Warning(program + ", which " + file + " names, failed"));
    }
    return Optional.empty();
  }
}
