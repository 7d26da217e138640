package org.bib.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;
import org.bib.oci.PolicyRequirement.UnusableException;

/**
 * Which images may be used: containers-policy.json(5). A policy that cannot be judged by lets
 * nothing pass.
 */
final class SignaturePolicy {
  private static final String REMEDY =
      "correct the policy, see containers-policy.json(5), or name another with --policy";

  private final String file;
  private final List<PolicyRequirement> general;
  private final Map<String, Map<String, List<PolicyRequirement>>> transports;

  private SignaturePolicy(
      String file,
      List<PolicyRequirement> general,
      Map<String, Map<String, List<PolicyRequirement>>> transports) {
    this.file = file;
    this.general = general;
    this.transports = transports;
  }

  /**
   * Reads the file named, else the user's, else the system's. Where there is none of them every
   * image is accepted, for bib needs nothing to be installed.
   *
   * @throws BuildException if it cannot be understood
   */
  static SignaturePolicy of(Optional<Path> named, Surroundings surroundings) throws BuildException {
    Optional<Path> file =
        named.or(
            () ->
                List.of(
                        surroundings.home().resolve(".config/containers/policy.json"),
                        surroundings.etc().resolve("containers/policy.json"))
                    .stream()
                    .filter(Files::exists)
                    .findFirst());
    if (file.isEmpty()) {
      return new SignaturePolicy("", List.of(), Map.of());
    }
    try {
      return parse(file.get().toString(), Files.readAllBytes(file.get()));
    } catch (IOException e) {
      throw new BuildException(
          "signature policy " + file.get() + ": cannot be read", "check its permissions", e);
    } catch (MalformedException | InvalidPathException e) {
      throw new BuildException(
          "signature policy "
              + file.get()
              + ": "
              + MessageText.oneLine(String.valueOf(e.getMessage())),
          REMEDY,
          e);
    }
  }

  private static SignaturePolicy parse(String file, byte[] bytes) throws MalformedException {
    JsonObject json = JsonObject.parse(bytes).only(Set.of("default", "transports"), "the policy");
    if (!json.has("default")) {
      throw new MalformedException("\"default\" is missing");
    }
    Map<String, Map<String, List<PolicyRequirement>>> transports = new TreeMap<>();
    Optional<JsonObject> sections = json.object("transports");
    for (String transport : sections.isPresent() ? sections.get().keys() : Set.<String>of()) {
      JsonObject section = sections.get().object(transport).orElse(null);
      Map<String, List<PolicyRequirement>> scopes = new TreeMap<>();
      if (section != null) {
        for (String scope : section.keys()) {
          scopes.put(scope, requirements(section, scope));
        }
      }
      transports.put(transport, scopes);
    }
    return new SignaturePolicy(file, requirements(json, "default"), transports);
  }

  private static List<PolicyRequirement> requirements(JsonObject section, String scope)
      throws MalformedException {
    List<PolicyRequirement> requirements = new ArrayList<>();
    for (JsonObject requirement : section.objects(scope)) {
      requirements.add(requirement(requirement));
    }
    if (requirements.isEmpty()) {
      throw new MalformedException(MessageText.quoted(scope) + " has no requirements");
    }
    return List.copyOf(requirements);
  }

  private static PolicyRequirement requirement(JsonObject json) throws MalformedException {
    String type =
        json.text("type").orElseThrow(() -> new MalformedException("a requirement has no type"));
    return switch (type) {
      case "insecureAcceptAnything" -> {
        json.only(Set.of("type"), type);
        yield new PolicyRequirement.Accept();
      }
      case "reject" -> {
        json.only(Set.of("type"), type);
        yield new PolicyRequirement.Reject();
      }
      case "signedBy" -> {
        json.only(
            Set.of("type", "keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"), type);
        yield new PolicyRequirement.Unsupported("the signatures of GPG that signedBy asks for");
      }
      case "signedBaseLayer" -> new PolicyRequirement.Unsupported("signedBaseLayer");
      case "sigstoreSigned" -> PolicyRequirement.SigstoreSigned.parse(json);
      default ->
          throw new MalformedException(
              "the requirement " + MessageText.quoted(type) + " is unknown");
    };
  }

  /**
   * What the policy demands of an image, by its most specific scope.
   *
   * @throws BuildException if it lets no such image pass, or cannot be judged by
   */
  Demands demands(PolicySubject image) throws BuildException {
    Map<String, List<PolicyRequirement>> scopes =
        transports.getOrDefault(image.transport(), Map.of());
    if (!image.isScoped() && scopes.keySet().stream().anyMatch(scope -> !scope.isEmpty())) {
      throw unusable(
          image, "it has scopes of " + image.transport() + ":, which bib cannot tell apart");
    }
    List<PolicyRequirement> requirements = scopes.getOrDefault("", general);
    for (String scope : image.scopes()) {
      if (scopes.containsKey(scope)) {
        requirements = scopes.getOrDefault(scope, general);
        break;
      }
    }
    for (PolicyRequirement requirement : requirements) {
      try {
        Optional<String> refusal = requirement.refusal(image);
        if (refusal.isPresent()) {
          throw rejected(image, refusal.get());
        }
      } catch (UnusableException e) {
        throw unusable(image, String.valueOf(e.getMessage()));
      }
    }
    return new Demands(image, requirements);
  }

  private BuildException unusable(PolicySubject image, String reason) {
    return new BuildException(
        image.display() + ": the signature policy " + file + " cannot be applied: " + reason,
        REMEDY);
  }

  private BuildException rejected(PolicySubject image, String reason) {
    return new BuildException(
        image.display() + ": rejected by the signature policy " + file + ": " + reason,
        "use an image that it accepts, or name another policy with --policy");
  }

  /** What is demanded of one image. */
  final class Demands {
    private final PolicySubject image;
    private final List<PolicyRequirement> requirements;

    private Demands(PolicySubject image, List<PolicyRequirement> requirements) {
      this.image = image;
      this.requirements = requirements;
    }

    /**
     * Lets an image pass that satisfies every requirement.
     *
     * @param manifest digest of its manifest, which has been verified
     * @throws BuildException if it does not, or there is no telling
     */
    void verify(ImageStore store, Digest manifest) throws IOException {
      if (requirements.stream().noneMatch(PolicyRequirement::wantsSignatures)) {
        return;
      }
      Optional<List<SigstoreSignature>> signatures = store.signatures(manifest);
      if (signatures.isEmpty()) {
        throw rejected(
            image, "sigstoreSigned is demanded, and only registries have such signatures");
      }
      for (PolicyRequirement requirement : requirements) {
        try {
          Optional<String> objection = requirement.objection(image, manifest, signatures.get());
          if (objection.isPresent()) {
            throw rejected(image, objection.get());
          }
        } catch (UnusableException e) {
          throw unusable(image, String.valueOf(e.getMessage()));
        }
      }
    }
  }
}
