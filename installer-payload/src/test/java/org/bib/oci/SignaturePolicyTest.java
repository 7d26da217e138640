package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.oci.TestSignatures.Signed;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@TestInstance(Lifecycle.PER_CLASS)
class SignaturePolicyTest {
  private static final String ACCEPT = "[{\"type\":\"insecureAcceptAnything\"}]";
  private static final String REJECT = "[{\"type\":\"reject\"}]";

  private final byte[] content = TestImage.random(20_000);

  @TempDir Path home;
  private TestSignatures signatures;
  private TestImage image;
  private FakeRegistry registry;
  private Path ours;
  private Path theirs;
  private String name;

  @BeforeAll
  void makeKeys(@TempDir Path shared) throws IOException, InterruptedException {
    signatures = new TestSignatures(shared.resolve("keys"));
    ours = signatures.key("ours");
    theirs = signatures.key("theirs");
    image = TestImage.of(content);
  }

  @BeforeEach
  void serve() throws IOException {
    registry = FakeRegistry.http().with("x/os", "1", image);
    name = registry.host() + "/x/os:1";
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private void attach(Signed... signed) {
    TestSignatures.attach(registry, "x/os", image.digest(), signed);
  }

  private static String signed(Path key, String more) {
    return "[{\"type\":\"sigstoreSigned\",\"keyPath\":\"" + key + "\"" + more + "}]";
  }

  private Path policy(String json) throws IOException {
    return Files.writeString(home.resolve("policy.json"), json);
  }

  private Path policyFor(String requirements) throws IOException {
    return policy(
        "{\"default\":"
            + REJECT
            + ",\"transports\":{\"docker\":{\""
            + registry.host()
            + "\":"
            + requirements
            + "}}}");
  }

  private void accepted(Path policy, String reference) throws Exception {
    assertThat(new Pull(home).policy(policy).layer(reference)).isEqualTo(content);
  }

  private void refused(Path policy, String reference, String... reasons) {
    int layers = layerRequests();
    var thrown =
        assertThatThrownBy(() -> new Pull(home).policy(policy).open(reference))
            .isInstanceOf(BuildException.class);
    for (String reason : reasons) {
      thrown.hasMessageContaining(reason);
    }
    assertThat(layerRequests()).as("layers asked for").isEqualTo(layers);
  }

  private int layerRequests() {
    return (int)
        registry.requests().stream()
            .filter(request -> request.path().endsWith(image.layer().toString()))
            .count();
  }

  @Test
  void signatureByTheKeyOfThePolicyIsAccepted() throws Exception {
    attach(signatures.sign("ours", name, image.digest()));
    accepted(policyFor(signed(ours, "")), name);
    accepted(policyFor(signed(ours, "")), registry.host() + "/x/os@" + image.digest());
    String base64 = Base64.getEncoder().encodeToString(Files.readAllBytes(ours));
    String other = Base64.getEncoder().encodeToString(Files.readAllBytes(theirs));
    for (String key :
        List.of(
            "\"keyData\":\"" + base64 + "\"",
            "\"keyDatas\":[\"" + other + "\",\"" + base64 + "\"]",
            "\"keyPaths\":[\"" + theirs + "\",\"" + ours + "\"]")) {
      accepted(policyFor("[{\"type\":\"sigstoreSigned\"," + key + "}]"), name);
    }
  }

  @Test
  void keysOfAllKindsCount() throws Exception {
    Path rsa = signatures.key("rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048");
    Path edwards = signatures.key("edwards", "-algorithm", "ED25519");
    Path p384 = signatures.key("p384", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384");
    attach(
        signatures.sign("rsa", name, image.digest()),
        signatures.sign("edwards", name, image.digest()),
        signatures.sign("p384", name, image.digest()));
    for (Path key : List.of(rsa, edwards, p384)) {
      accepted(policyFor(signed(key, "")), name);
    }
    refused(policyFor(signed(ours, "")), name, "a signature is not by a key of the policy");
  }

  @Test
  void oneGoodSignatureAmongOthersIsEnoughForARequirement() throws Exception {
    Signed good = signatures.sign("ours", name, image.digest());
    attach(
        new Signed(good.payload() + " ", good.signature()),
        new Signed(good.payload(), "garbage"),
        signatures.sign("theirs", name, image.digest()),
        good);
    accepted(policyFor(signed(ours, "")), name);
    String both = signed(ours, "").replace("]", ",") + signed(theirs, "").substring(1);
    accepted(policyFor(both), name);
    attach(good);
    refused(policyFor(both), name, "a signature is not by a key of the policy");
  }

  @Test
  void whatIsSignedMustBeThisImageByThisName() throws Exception {
    Path policy = policyFor(signed(ours, ""));
    refused(
        policy,
        name,
        "docker://" + name + ": rejected by the signature policy " + policy,
        "there is no signature of " + image.digest());
    attach(signatures.sign("theirs", name, image.digest()));
    refused(policy, name, "a signature is not by a key of the policy");
    attach(signatures.sign("ours", name, image.config()));
    refused(policy, name, "a signature is for another manifest, " + image.config());
    attach(signatures.sign("ours", registry.host() + "/x/os:2", image.digest()));
    refused(policy, name, "a signature is for the name \"" + registry.host() + "/x/os:2\"");
    accepted(policy, registry.host() + "/x/os@" + image.digest());
    attach(signatures.sign("ours", registry.host() + "/x/os", image.digest())); // As cosign does.
    refused(policy, name, "a signature is for the name");
    accepted(policyFor(signed(ours, ",\"signedIdentity\":{\"type\":\"matchRepository\"}")), name);
    attach(signatures.sign("ours", "NOT A NAME", image.digest()));
    refused(policy, name, "a signature is for the name \"NOT A NAME\"");
  }

  @Test
  void payloadsThatCouldBeReadInTwoWaysAreRefused() throws IOException, InterruptedException {
    Path policy = policyFor(signed(ours, ""));
    String good = TestSignatures.payload(name, image.digest());
    for (String payload :
        List.of(
            "",
            "[]",
            "{}",
            good.replace("\"optional\":null", "\"more\":1"),
            good.replace(",\"optional\":null", ""),
            good.replace("\"optional\":null", "\"optional\":1"),
            good.replace("cosign container image signature", "atomic container signature"),
            good.replace("\"image\":{", "\"image\":{\"x\":1,"),
            good.replace("\"optional\":null", "\"critical\":{}"),
            good.replace("docker-reference", "reference"))) {
      attach(signatures.sign("ours", payload));
      refused(policy, name, "a signature's payload is malformed: ");
    }
  }

  @Test
  void attachmentsThatAreDamagedStopTheBuild() throws IOException, InterruptedException {
    Path policy = policyFor(signed(ours, ""));
    Signed good = signatures.sign("ours", name, image.digest());
    attach(good);
    registry.body(
        "/v2/x/os/blobs/" + Digest.sha256(TestImage.bytes(good.payload())),
        TestImage.bytes(good.payload().replace("type", "tipe")),
        "");
    refused(policy, name, "digest mismatch");
    String tag = "/v2/x/os/manifests/sha256-" + image.digest().hex() + ".sig";
    registry.body(tag, TestImage.bytes("<html>"), "text/html");
    refused(policy, name, ".sig: not JSON");
    registry.body(tag, TestImage.bytes("{\"layers\":[{\"size\":1}]}"), ImageManifest.OCI_MANIFEST);
    refused(policy, name, ".sig: a descriptor has no digest");
    registry.body(tag, TestImage.bytes("{\"layers\":[]}"), ImageManifest.OCI_MANIFEST);
    refused(policy, name, "there is no signature of");
  }

  @Test
  void signatureOfAnIndexIsNoneOfTheImage() throws Exception {
    byte[] index = TestImage.index(ImageManifest.OCI_INDEX, image);
    registry.body("/v2/x/os/manifests/1", index, ImageManifest.OCI_INDEX);
    TestSignatures.attach(
        registry,
        "x/os",
        Digest.sha256(index),
        signatures.sign("ours", name, Digest.sha256(index)));
    refused(policyFor(signed(ours, "")), name, "there is no signature of " + image.digest());
    attach(signatures.sign("ours", name, image.digest()));
    accepted(policyFor(signed(ours, "")), name);
  }

  @Test
  void mirrorBringsTheSignatureOfTheNameThatTheUserGave() throws Exception {
    Path conf = home.resolve("etc/containers/registries.conf");
    Files.createDirectories(conf.getParent());
    Files.writeString(
        conf,
        "[[registry]]\nlocation = \"registry.example/x\"\n[[registry.mirror]]\nlocation = \""
            + registry.host()
            + "/x\"");
    Path policy =
        policy(
            "{\"default\":"
                + REJECT
                + ",\"transports\":{\"docker\":{\"registry.example\":"
                + signed(ours, "")
                + "}}}");
    attach(signatures.sign("ours", name, image.digest()));
    refused(policy, "registry.example/x/os:1", "a signature is for the name");
    attach(signatures.sign("ours", "registry.example/x/os:1", image.digest()));
    accepted(policy, "registry.example/x/os:1");
    Files.delete(conf);
  }

  @Test
  void whatIsRejectedIsNotEvenAskedFor() throws Exception {
    refused(policy("{\"default\":" + REJECT + "}"), name, "every image is rejected");
    refused(policyFor(signed(home.resolve("none.pub"), "")), name, "none.pub cannot be read");
    assertThat(registry.requests()).isEmpty();
  }

  @Test
  void policiesThatCannotBeAppliedLetNothingPass() throws Exception {
    attach(signatures.sign("ours", name, image.digest()));
    Path gpg = Files.writeString(home.resolve("gpg"), "not PEM");
    Path odd =
        Files.writeString(
            home.resolve("odd"), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    record Wrong(String requirements, String reason) {}
    for (Wrong wrong :
        List.of(
            new Wrong(
                "[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"}]",
                "cannot be applied: bib cannot check the signatures of GPG that signedBy asks for"),
            new Wrong(
                "[{\"type\":\"sigstoreSigned\",\"fulcio\":{\"caPath\":\"/ca\"}}]",
                "cannot be applied: bib cannot check \"fulcio\" of sigstoreSigned"),
            new Wrong(
                signed(ours, ",\"rekorPublicKeyPath\":\"/r\""),
                "cannot check \"rekorPublicKeyPath\""),
            new Wrong("[{\"type\":\"signedBaseLayer\"}]", "bib cannot check signedBaseLayer"),
            new Wrong(signed(gpg, ""), "its key " + gpg + " holds no public key in PEM"),
            new Wrong(signed(odd, ""), "its key " + odd + " holds a key that is neither ECDSA"),
            new Wrong(
                "[{\"type\":\"sigstoreSigned\",\"keyData\":\"?\"}]",
                "a keyData of it is not base64"),
            new Wrong("[{\"type\":\"trustMe\"}]", "the requirement \"trustMe\" is unknown"),
            new Wrong("[{\"tipe\":\"reject\"}]", "a requirement has no type"),
            new Wrong("[{\"type\":\"reject\",\"x\":1}]", "reject has the unknown key \"x\""),
            new Wrong("[]", "has no requirements"),
            new Wrong("{}", "is not an array"),
            new Wrong("[{\"type\":\"sigstoreSigned\"}]", "needs exactly one of keyPath"),
            new Wrong(signed(ours, ",\"keyData\":\"AA==\""), "needs exactly one of keyPath"),
            new Wrong(
                "[{\"type\":\"sigstoreSigned\",\"keyPaths\":[]}]", "sigstoreSigned names no key"),
            new Wrong(signed(ours, ",\"x\":1"), "sigstoreSigned has the unknown key \"x\""),
            new Wrong(
                signed(ours, ",\"signedIdentity\":{\"type\":\"matchAny\"}"),
                "the signedIdentity \"matchAny\" is unknown"),
            new Wrong(
                signed(
                    ours,
                    ",\"signedIdentity\":{\"type\":\"exactReference\",\"dockerReference\":\"a.b/c\"}"),
                "has neither tag nor digest"),
            new Wrong(
                signed(
                    ours,
                    ",\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"a.b/c:1\"}"),
                "has a tag or digest"),
            new Wrong(
                signed(
                    ours,
                    ",\"signedIdentity\":{\"type\":\"remapIdentity\",\"prefix\":\"a.b/c:1\",\"signedPrefix\":\"x\"}"),
                "is neither registry nor repository"))) {
      Path policy = policyFor(wrong.requirements());
      refused(policy, name, policy.toString(), wrong.reason());
    }
    for (Wrong wrong :
        List.of(
            new Wrong("", "not a JSON object"),
            new Wrong("{\"default\":", "not JSON"),
            new Wrong("{}", "\"default\" is missing"),
            new Wrong("{\"default\":" + ACCEPT + ",\"x\":1}", "has the unknown key \"x\""),
            new Wrong("{\"default\":" + ACCEPT + ",\"default\":" + ACCEPT + "}", "not JSON: Dup"),
            new Wrong("{\"default\":" + ACCEPT + ",\"transports\":[]}", "is not an object"))) {
      refused(policy(wrong.requirements()), name, "policy.json: ", wrong.reason());
    }
    assertThat(registry.requests()).isEmpty();
    // What another image would need does no harm, if it is well-formed.
    accepted(
        policy(
            "{\"default\":"
                + ACCEPT
                + ",\"transports\":{\"docker\":{\"other.example\":[{\"type\":\"signedBy\","
                + "\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"}]}}}"),
        name);
  }

  @Test
  void defaultPlacesAreTheUsersThenTheSystems() throws Exception {
    assertThat(new Pull(home).layer(name)).as("no policy at all").isEqualTo(content);
    Path system = home.resolve("etc/containers/policy.json");
    Files.createDirectories(system.getParent());
    Files.writeString(system, "{\"default\":" + REJECT + "}");
    assertThatThrownBy(() -> new Pull(home).open(name))
        .hasMessageContaining("rejected by the signature policy " + system);
    Path user = home.resolve(".config/containers/policy.json");
    Files.createDirectories(user.getParent());
    Files.writeString(user, "{\"default\":" + ACCEPT + "}");
    assertThat(new Pull(home).layer(name)).isEqualTo(content);
    accepted(policy("{\"default\":" + ACCEPT + "}"), name);
    refused(policy("{\"default\":" + REJECT + "}"), name, "policy.json: every image is rejected");
    Files.delete(user);
    Files.delete(system);
  }

  @Test
  void mostSpecificScopeDecides() throws Exception {
    record Case(String scope, boolean applies) {}
    for (Case tried :
        List.of(
            new Case("a.b.example:5000/team/os:1", true),
            new Case("a.b.example:5000/team/os", true),
            new Case("a.b.example:5000/team", true),
            new Case("a.b.example:5000", true),
            new Case("*.b.example", true),
            new Case("*.example", true),
            new Case("", true),
            new Case("a.b.example:5000/team/os:2", false),
            new Case("a.b.example:5000/team/o", false),
            new Case("a.b.example", false),
            new Case("*.a.b.example", false),
            new Case("*", false),
            new Case("b.example", false))) {
      Path policy =
          policy(
              "{\"default\":"
                  + ACCEPT
                  + ",\"transports\":{\"oci\":{\"\":"
                  + ACCEPT
                  + "},\"docker\":{\""
                  + tried.scope()
                  + "\":"
                  + REJECT
                  + "}}}");
      SignaturePolicy read = SignaturePolicy.of(Optional.of(policy), new Pull(home).surroundings());
      PolicySubject subject =
          PolicySubject.of(RegistryReference.parse("a.b.example:5000/team/os:1"));
      if (tried.applies()) {
        assertThatThrownBy(() -> read.demands(subject)).hasMessageContaining("is rejected");
      } else {
        assertThatCode(() -> read.demands(subject)).as(tried.scope()).doesNotThrowAnyException();
      }
    }
    Path ladder =
        policy(
            "{\"default\":"
                + REJECT
                + ",\"transports\":{\"docker\":{\"\":"
                + REJECT
                + ",\"docker.io/library\":"
                + REJECT
                + ",\"docker.io/library/debian\":"
                + ACCEPT
                + "}}}");
    SignaturePolicy read = SignaturePolicy.of(Optional.of(ladder), new Pull(home).surroundings());
    assertThatCode(() -> read.demands(PolicySubject.of(RegistryReference.parse("debian:12"))))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> read.demands(PolicySubject.of(RegistryReference.parse("ubuntu"))))
        .hasMessageContaining("is rejected");
  }

  @Test
  void layoutsGoByTheirPathsAndHaveNoSignatures() throws Exception {
    Path real = home.toRealPath();
    image.writeLayout(real.resolve("deep/layout"), "1");
    Files.createSymbolicLink(real.resolve("link"), real.resolve("deep"));
    String layout = "oci:" + real.resolve("link/layout") + ":1";
    for (String scope :
        List.of(real + "/deep/layout:1", real + "/deep/layout", real + "/deep", real + "")) {
      Path policy =
          policy(
              "{\"default\":"
                  + REJECT
                  + ",\"transports\":{\"oci\":{\""
                  + scope
                  + "\":"
                  + ACCEPT
                  + "}}}");
      accepted(policy, layout);
    }
    refused(
        policy(
            "{\"default\":"
                + REJECT
                + ",\"transports\":{\"oci\":{\""
                + real
                + "/dee\":"
                + ACCEPT
                + "}}}"),
        layout,
        layout + ": rejected by the signature policy");
    refused(
        policy("{\"default\":" + signed(ours, "") + "}"),
        layout,
        "sigstoreSigned is demanded, and only registries have such signatures");
    refused(
        policy(
            "{\"default\":"
                + ACCEPT
                + ",\"transports\":{\"containers-storage\":{\"[overlay@/x]\":"
                + REJECT
                + "}}}"),
        "containers-storage:x.example/os",
        "it has scopes of containers-storage:, which bib cannot tell apart");
    assertThat(PolicySubject.of("podman:x").transport()).isEqualTo("containers-storage");
    assertThat(PolicySubject.of("dir:" + real + "/deep").scopes()).contains(real + "/deep");
    assertThatThrownBy(() -> PolicySubject.of("oci:a\0b")).hasMessageContaining("is not a path");
  }

  @Test
  void namesOfSignaturesAreComparedAsThePolicySays() throws Exception {
    String digest = "@sha256:" + "0".repeat(64);
    String repository = "{\"type\":\"matchRepository\"}";
    String exact = "{\"type\":\"matchExact\"}";
    String usual = "{\"type\":\"matchRepoDigestOrExact\"}";
    String remap =
        "{\"type\":\"remapIdentity\",\"prefix\":\"mirror.example/v\",\"signedPrefix\":\"vendor.example\"}";
    String exactly = "{\"type\":\"exactReference\",\"dockerReference\":\"debian:12\"}";
    String anyOf =
        "{\"type\":\"exactRepository\",\"dockerRepository\":\"docker.io/library/debian\"}";
    record Case(String identity, String image, String signed, boolean accepted) {}
    for (Case tried :
        List.of(
            new Case(usual, "a.example/os:1", "a.example/os:1", true),
            new Case(usual, "a.example/os:1", "a.example/os:2", false),
            new Case(usual, "a.example/os:1", "a.example/os", false),
            new Case(usual, "a.example/os:1", "a.example/os:1" + digest, false),
            new Case(usual, "a.example/os" + digest, "a.example/os:2", true),
            new Case(usual, "a.example/os" + digest, "a.example/os", true),
            new Case(usual, "a.example/os:1" + digest, "a.example/os", true),
            new Case(usual, "a.example/os" + digest, "a.example/other:1", false),
            new Case(usual, "docker.io/library/debian:12", "debian:12", true),
            new Case(exact, "a.example/os" + digest, "a.example/os:2", false),
            new Case(exact, "a.example/os" + digest, "a.example/os" + digest, true),
            new Case(exact, "a.example/os:1", "a.example/os:1", true),
            new Case(repository, "a.example/os:1", "a.example/os", true),
            new Case(repository, "a.example/os:1", "a.example/os:9", true),
            new Case(repository, "a.example/os:1", "b.example/os:1", false),
            new Case(exactly, "a.example/os:1", "docker.io/library/debian:12", true),
            new Case(exactly, "a.example/os:1", "debian", false),
            new Case(exactly, "a.example/os:1", "a.example/os:1", false),
            new Case(anyOf, "a.example/os:1", "debian:whatever", true),
            new Case(anyOf, "a.example/os:1", "debian", true),
            new Case(anyOf, "a.example/os:1", "ubuntu", false),
            new Case(remap, "mirror.example/v/os:1", "vendor.example/os:1", true),
            new Case(remap, "mirror.example/v/os:1", "mirror.example/v/os:1", false),
            new Case(remap, "mirror.example/vv/os:1", "mirror.example/vv/os:1", true),
            new Case(remap, "mirror.example/vv/os:1", "vendor.example/v/os:1", false),
            new Case(remap, "mirror.example/v/os" + digest, "vendor.example/os", true),
            new Case(usual, "a.example/os:1", "", false),
            new Case(usual, "a.example/os:1", "A.example/OS:1", false))) {
      SignedIdentity identity =
          SignedIdentity.parse(JsonObject.parse(tried.identity().getBytes(StandardCharsets.UTF_8)));
      NamedReference of = NamedReference.of(RegistryReference.parse(tried.image()));
      assertThat(identity.accepts(Optional.of(of), tried.signed()))
          .as(tried.toString())
          .isEqualTo(tried.accepted());
      // Only what names the signature in full can do without a name of the image.
      assertThat(identity.accepts(Optional.empty(), tried.signed()))
          .as(tried.toString())
          .isEqualTo(tried.accepted() && !identity.needsName());
    }
  }

  @Test
  void realRegistryKeepsTheSignaturesToo() throws Exception {
    image.writeLayout(home.resolve("signed"), "latest");
    try (DebianRegistry real =
        new DebianRegistry(home.resolve("registry"), Optional.empty(), Optional.empty())) {
      real.push(
          "oci:" + home.resolve("signed") + ":latest",
          "x/os:1",
          "--dest-tls-verify=false",
          "--preserve-digests");
      String signedName = real.host() + "/x/os:1";
      Path policy = policy("{\"default\":" + signed(ours, "") + "}");
      assertThatThrownBy(() -> new Pull(home).policy(policy).open(signedName))
          .hasMessageContaining("there is no signature of " + image.digest());
      TestSignatures.push(
          real,
          "x/os",
          image.digest(),
          signatures.sign("theirs", signedName, image.digest()),
          signatures.sign("ours", signedName, image.digest()));
      accepted(policy, signedName);
      Path other = policy("{\"default\":" + signed(signatures.key("third"), "") + "}");
      assertThatThrownBy(() -> new Pull(home).policy(other).open(signedName))
          .hasMessageContaining("a signature is not by a key of the policy");
    }
  }

  /** Debian's skopeo is built without sigstore; of all else it is a judge. */
  @Test
  void skopeoJudgesAlike() throws Exception {
    image.writeLayout(home.resolve("judged"), "latest");
    String layout = "oci:" + home.resolve("judged").toRealPath() + ":latest";
    try (DebianRegistry real =
        new DebianRegistry(home.resolve("judges"), Optional.empty(), Optional.empty())) {
      real.push(layout, "x/os:1", "--dest-tls-verify=false", "--preserve-digests");
      String host = real.host();
      String in = "{\"default\":" + REJECT + ",\"transports\":";
      String out = "{\"default\":" + ACCEPT + ",\"transports\":";
      int accepted = 0;
      for (String json :
          List.of(
              "{\"default\":" + ACCEPT + "}",
              "{\"default\":" + REJECT + "}",
              in + "{\"docker\":{\"" + host + "\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"" + host + "/x\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"" + host + "/x/os\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"" + host + "/x/os:1\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"" + host + "/x/os:2\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"" + host + "/x/o\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"*.0.0.1\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"*.1\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"127.0.0.1\":" + ACCEPT + "}}}",
              in + "{\"docker\":{\"\":" + ACCEPT + "}}}",
              out + "{\"docker\":{\"\":" + REJECT + "}}}",
              out + "{\"docker\":{\"\":" + REJECT + ",\"" + host + "\":" + ACCEPT + "}}}",
              out + "{\"oci\":{\"\":" + REJECT + "}}}",
              in + "{\"oci\":{\"" + home.toRealPath() + "\":" + ACCEPT + "}}}",
              in + "{\"oci\":{\"" + home.resolve("judged").toRealPath() + "\":" + ACCEPT + "}}}",
              out
                  + "{\"docker\":{\"\":[{\"type\":\"reject\"},{\"type\":\"insecureAcceptAnything\"}]}}}",
              "{\"default\":" + signed(ours, "") + "}",
              "{\"default\":[{\"type\":\"sigstoreSigned\"}]}",
              "{\"default\":[{\"type\":\"none\"}]}",
              "{\"default\":[]}",
              "{\"default\":" + ACCEPT + ",\"x\":1}",
              "{}")) {
        Path policy = policy(json);
        for (String reference : List.of("docker://" + host + "/x/os:1", layout)) {
          boolean skopeo = skopeoAccepts(policy, reference);
          boolean bib;
          try (SourceImage opened = new Pull(home).policy(policy).open(reference)) {
            bib = opened.manifestDigest().equals(image.digest());
          } catch (BuildException e) {
            bib = false;
          }
          assertThat(bib).as("%s of %s", reference, json).isEqualTo(skopeo);
          accepted += skopeo ? 1 : 0;
        }
      }
      assertThat(accepted).isBetween(10, 25);
    }
  }

  private boolean skopeoAccepts(Path policy, String reference)
      throws IOException, InterruptedException {
    Process skopeo =
        new ProcessBuilder(
                "skopeo",
                "--policy",
                policy.toString(),
                "copy",
                "--src-tls-verify=false",
                reference,
                "dir:" + home.resolve("copied"))
            .redirectErrorStream(true)
            .start();
    String said = new String(skopeo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean accepts = skopeo.waitFor() == 0;
    assertThat(accepts || said.contains("rejected") || said.contains("policy")).as(said).isTrue();
    return accepts;
  }
}
