package org.bib.oci;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of an image as signatures and policies write it, in full (the grammar of
 * distribution/reference, reference.go). Unlike {@link RegistryReference} it may do without a tag
 * and says so.
 *
 * @param name registry and repository
 */
record NamedReference(String name, Optional<String> tag, Optional<String> digest) {
  private static final String HOST_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
  private static final String HOST =
      "(?:" + HOST_PART + "(?:\\." + HOST_PART + ")*|\\[[0-9a-fA-F:]+])(?::[0-9]+)?";
  private static final String PATH_PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  private static final String TAG = "\\w[\\w.-]{0,127}";
  private static final String DIGEST =
      "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

  private static final Pattern REFERENCE =
      Pattern.compile("([^@]+?)(?::(" + TAG + "))?(?:@(" + DIGEST + "))?");
  private static final Pattern NAME = Pattern.compile(HOST + "(?:/" + PATH_PART + ")+");
  private static final Pattern NAME_OR_HOST = Pattern.compile(HOST + "(?:/" + PATH_PART + ")*");
  private static final int MAX_LENGTH = 1024;

  /** Reads a reference; names without a registry are of Docker Hub. */
  static Optional<NamedReference> parse(String text) {
    Matcher matcher = REFERENCE.matcher(text);
    if (text.length() > MAX_LENGTH || !matcher.matches()) {
      return Optional.empty();
    }
    String name = inFull(matcher.group(1));
    return NAME.matcher(name).matches()
        ? Optional.of(
            new NamedReference(
                name, Optional.ofNullable(matcher.group(2)), Optional.ofNullable(matcher.group(3))))
        : Optional.empty();
  }

  /** The name of {@code image}; beside a digest the tag says nothing, as for engines. */
  static NamedReference of(RegistryReference image) {
    Optional<String> digest = image.digest().map(Digest::toString);
    return new NamedReference(
        image.registry() + "/" + image.repository(),
        digest.isPresent() ? Optional.empty() : image.tag(),
        digest);
  }

  /** Whether {@code text} may stand before a slash and the rest of a name, or be one. */
  static boolean isPrefix(String text) {
    return text.length() <= MAX_LENGTH && NAME_OR_HOST.matcher(text).matches();
  }

  private static String inFull(String name) {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean isHost =
        first.contains(".")
            || first.contains(":")
            || first.equals("localhost")
            || !first.equals(first.toLowerCase(Locale.ROOT));
    String host = isHost ? first : "docker.io";
    String path = isHost ? name.substring(slash + 1) : name;
    if (host.equals("index.docker.io")) {
      host = "docker.io";
    }
    return host.equals("docker.io") && !path.contains("/")
        ? host + "/library/" + path
        : host + "/" + path;
  }

  boolean isNameOnly() {
    return tag.isEmpty() && digest.isEmpty();
  }

  NamedReference withName(String other) {
    return new NamedReference(other, tag, digest);
  }

  /**
   * What a policy may call it, most specific first: itself, its repository, the namespaces above,
   * the registry, and {@code *.} with each domain above (containers/image,
   * docker/policyconfiguration/naming.go).
   */
  List<String> scopes() {
    List<String> scopes = new ArrayList<>();
    if (!isNameOnly()) {
      scopes.add(toString());
    }
    String scope = name;
    scopes.add(scope);
    for (int slash = scope.lastIndexOf('/'); slash >= 0; slash = scope.lastIndexOf('/')) {
      scope = scope.substring(0, slash);
      scopes.add(scope);
    }
    int colon = scope.indexOf(':');
    String host = colon < 0 ? scope : scope.substring(0, colon);
    for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.')) {
      host = host.substring(dot + 1);
      scopes.add("*." + host);
    }
    return List.copyOf(scopes);
  }

  @Override
  public String toString() {
    return name + tag.map(t -> ":" + t).orElse("") + digest.map(d -> "@" + d).orElse("");
  }
}
