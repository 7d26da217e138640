package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.oci.TestImage.bytes;
import static org.bib.oci.TestImage.gzip;
import static org.bib.oci.TestImage.random;
import static org.bib.oci.TestStore.around;
import static org.bib.oci.TestStore.file;
import static org.bib.oci.TestStore.id;
import static org.bib.oci.TestStore.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.TestStore.LayerTar;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainersStorageTest {
  private static final String NAME = "quay.io/x/os:1";
  private static final byte[] CONTENT = random(200_000);

  @TempDir Path dir;
  private Path root = Path.of("");

  @BeforeEach
  void place() {
    root = dir.resolve("store");
  }

  private Pull pull() {
    return new Pull(dir).variable("CONTAINERS_REGISTRIES_CONF", dir.resolve("none").toString());
  }

  private String in(String name) {
    return "containers-storage:[overlay@" + root + "]" + name;
  }

  @Test
  void layersArePutTogetherAgainAndTheManifestIsTheOriginal() throws Exception {
    TestImage image = new TestStore(root).addImage(CONTENT, NAME);
    try (SourceImage found = pull().open(in(NAME))) {
      assertThat(found.manifestDigest()).isEqualTo(image.digest());
      assertThat(found.registryName()).contains(NAME);
      assertThat(found.layers().get(0).digest()).as("as pulled").isEqualTo(image.layer());
    }
    assertThat(pull().layer(in(NAME))).isEqualTo(around("etc/f", CONTENT).tar());
  }

  @Test
  void imagesAreFoundByAllThatPodmanFindsThemBy() throws Exception {
    TestStore store = new TestStore(root);
    TestImage os = store.addImage(CONTENT, NAME, "quay.io/x/os:2");
    TestImage local = store.addImage(random(10), "localhost/os:latest", "localhost/os:3");
    TestImage hub = store.addImage(random(20), "docker.io/library/hub:latest");
    String id = os.config().hex();
    for (String name :
        List.of(
            NAME,
            "quay.io/x/os:2",
            "x/os:1",
            "quay.io/x/os@" + os.digest(),
            "quay.io/x/os:none@" + os.digest(),
            id,
            "sha256:" + id,
            NAME + "@" + id,
            id.substring(0, 12))) {
      assertFound(name, os);
    }
    for (String name : List.of("os", "os:latest", "os:3", "localhost/os")) {
      assertFound(name, local);
    }
    for (String name : List.of("hub", "library/hub", "docker.io/hub", "docker.io/library/hub")) {
      assertFound(name, hub);
    }
  }

  private void assertFound(String name, TestImage image) throws Exception {
    try (SourceImage found = pull().open(in(name))) {
      assertThat(found.manifestDigest()).as(name).isEqualTo(image.digest());
    }
  }

  @Test
  void shortNamesGoThroughAliasesAndSearchLists() throws Exception {
    TestStore store = new TestStore(root);
    TestImage alias = store.addImage(CONTENT, "quay.io/fedora/fedora-bootc:42");
    TestImage searched = store.addImage(random(10), "registry.example/fedora-bootc:43");
    store.addImage(random(20), "quay.io/other/fedora-bootc:42", "quay.io/other/fedora-bootc:43");
    Path conf = dir.resolve("registries.conf");
    Files.writeString(
        conf,
        """
        unqualified-search-registries = ['registry.example']
        [aliases]
        'fedora-bootc' = 'quay.io/fedora/fedora-bootc'
        """);
    Pull pull = new Pull(dir).variable("CONTAINERS_REGISTRIES_CONF", conf.toString());
    try (SourceImage found = pull.open(in("fedora-bootc:42"))) {
      assertThat(found.manifestDigest()).isEqualTo(alias.digest());
    }
    try (SourceImage found = pull.open(in("fedora-bootc:43"))) {
      assertThat(found.manifestDigest()).isEqualTo(searched.digest());
    }
    assertThatThrownBy(() -> pull().open(in("fedora-bootc:42")))
        .isInstanceOf(BuildException.class)
        .hasMessage(
            "\"fedora-bootc:42\" may be any of quay.io/fedora/fedora-bootc:42,"
                + " quay.io/other/fedora-bootc:42; write one of them in full");
  }

  @Test
  void anImageThatIsNotThereIsToldWithThoseThatAre() throws Exception {
    new TestStore(root).addImage(CONTENT, NAME, "localhost/b:1");
    fails(
        in("quay.io/x/os:9"),
        "has no such image, only localhost/b:1, quay.io/x/os:1; name another, or pull it first:"
            + " podman pull quay.io/x/os:9");
    Files.delete(root.resolve("overlay-images/images.json"));
    fails(in(NAME), "the store at " + root + " has no image; ");
    fails(
        "containers-storage:[overlay@" + dir.resolve("none") + "]" + NAME,
        "there is no store at " + dir.resolve("none") + "; ");
    fails("containers-storage:[btrfs@" + root + "]" + NAME, "has the driver \"btrfs\"");
  }

  @Test
  void wrongReferencesAreWrongUsage() {
    for (String reference :
        List.of(
            "containers-storage:",
            "containers-storage:[overlay@/x]",
            "containers-storage:[overlay@/x",
            "containers-storage:[overlay@x]os",
            "containers-storage:Not A Name")) {
      assertThatThrownBy(() -> pull().variable("CONTAINERS_STORAGE_CONF", conf("")).open(reference))
          .as(reference)
          .isInstanceOf(ConfigException.class);
    }
  }

  private String conf(String toml) throws Exception {
    return Files.writeString(dir.resolve("storage.conf"), toml).toString();
  }

  @Test
  void theStoreIsWhereStorageConfSays() throws Exception {
    new TestStore(root).addImage(CONTENT, NAME);
    String configuration = conf("[storage]\ndriver = 'overlay'\ngraphroot = '$HOME/store'\n");
    assertThat(
            pull()
                .variable("CONTAINERS_STORAGE_CONF", configuration)
                .layer("containers-storage:" + NAME))
        .hasSize(around("", CONTENT).tar().length);
    Path home = dir.resolve(".config/containers/storage.conf");
    Files.createDirectories(home.getParent());
    Files.writeString(home, "[storage]\ngraphroot = '" + root + "'\n");
    assertThat(rootless().layer("containers-storage:" + NAME)).isNotEmpty();
    Files.writeString(home, "[storage\n");
    assertThatThrownBy(() -> rootless().open("containers-storage:" + NAME))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(home.toString());
  }

  private Pull rootless() {
    return pull().variable("_CONTAINERS_ROOTLESS_UID", "1000");
  }

  @Test
  void anOrdinaryUsersStoreIsBelowHome() throws Exception {
    new TestStore(dir.resolve(".local/share/containers/storage")).addImage(CONTENT, NAME);
    assertThat(rootless().layer("containers-storage:" + NAME)).isNotEmpty();
    new TestStore(dir.resolve("data/containers/storage")).addImage(random(10), "quay.io/y:1");
    assertThat(
            rootless()
                .variable("XDG_DATA_HOME", dir.resolve("data").toString())
                .layer("containers-storage:quay.io/y:1"))
        .isNotEmpty();
  }

  @Test
  void additionalStoresAreSearchedForImagesAndLayers() throws Exception {
    Path more = dir.resolve("more");
    TestStore additional = new TestStore(more);
    LayerTar lower = around("etc/f", CONTENT);
    additional.addImage(CONTENT, NAME);
    LayerTar upper = around("etc/g", random(10));
    TestStore own = new TestStore(root).add(upper, id(lower));
    own.add(TestImage.of(upper.tar()), id(upper), "quay.io/y:1");
    String configuration =
        conf(
            "[storage]\ndriver = 'overlay'\ngraphroot = '"
                + root
                + "'\n[storage.options]\nadditionalimagestores = ['"
                + more
                + "']\n");
    Pull pull = pull().variable("CONTAINERS_STORAGE_CONF", configuration);
    assertThat(pull.layer("containers-storage:" + NAME)).isEqualTo(lower.tar());
    // Its lowest layer is that of the other store, and not what its configuration says.
    assertThatThrownBy(() -> pull.layer("containers-storage:quay.io/y:1"))
        .hasMessageContaining("digest mismatch: got sha256:" + id(lower));
  }

  @Test
  void aStoreThatChangedIsFoundOut() throws Exception {
    TestStore store = new TestStore(root);
    store.addImage(CONTENT, NAME);
    LayerTar layer = around("etc/f", CONTENT);
    Path file = store.diff(layer).resolve("etc/f");
    byte[] changed = CONTENT.clone();
    changed[7] ^= 1;
    Files.write(file, changed);
    fails(in(NAME), "digest mismatch: got sha256:");
    Files.write(file, random(100));
    fails(in(NAME), "\"etc/f\" is shorter than it was; remove the image and pull it again");
    Files.delete(file);
    fails(in(NAME), "\"etc/f\" is not there; remove the image and pull it again");
    Files.delete(store.record(layer));
    fails(in(NAME), "the store has no record of its tar (" + id(layer) + ".tar-split.gz)");
    Files.delete(root.resolve("overlay-layers/layers.json"));
    fails(in(NAME), "the store has lost layer " + id(layer));
    Files.delete(
        root.resolve("overlay-images")
            .resolve(TestImage.of(layer.tar()).config().hex())
            .resolve("manifest"));
    fails(in(NAME), "the store has lost manifest of the image");
  }

  @Test
  void noNameLeadsOutOfALayer() throws Exception {
    Path secret = dir.resolve("secret");
    int size = 100;
    TestStore store = new TestStore(root);
    for (String name :
        List.of(
            "../../../../secret",
            "/../../../../secret",
            "../".repeat(60) + secret.toString().substring(1),
            "absolute/secret",
            "relative/secret",
            "link",
            "loop/secret",
            "x".repeat(300),
            "etc/..",
            "etc/.",
            "etc/",
            "")) {
      byte[] content = random(size++); // so that each is a layer of its own
      Files.write(secret, content);
      LayerTar layer = around(name, content);
      TestImage image = TestImage.of(layer.tar());
      store.add(layer, "").add(image, id(layer), NAME + id(layer));
      Path diff = store.diff(layer);
      Files.createDirectory(diff.resolve("etc"));
      Files.createSymbolicLink(diff.resolve("absolute"), dir);
      Files.createSymbolicLink(diff.resolve("relative"), Path.of("../../../.."));
      Files.createSymbolicLink(diff.resolve("link"), secret);
      Files.createSymbolicLink(diff.resolve("loop"), Path.of("loop"));
      assertThatThrownBy(() -> pull().layer(in(NAME + id(layer))))
          .as(name)
          .isInstanceOf(BuildException.class)
          .hasMessageMatching(
              "layer sha256:.*: .*(is not there|too many symbolic links|File name too long); remove the image.*");
    }
  }

  @Test
  void linksWithinALayerLeadWhereTheyLedWhenItWasUnpacked() throws Exception {
    TestStore store = new TestStore(root);
    LayerTar layer = around("lib/sub/../f", CONTENT);
    store.add(layer, "").add(TestImage.of(layer.tar()), id(layer), NAME);
    Files.createDirectories(store.diff(layer).resolve("usr/lib/sub"));
    Files.write(store.diff(layer).resolve("usr/lib/f"), CONTENT);
    Files.createSymbolicLink(store.diff(layer).resolve("lib"), Path.of("/usr/lib"));
    assertThat(pull().layer(in(NAME))).isEqualTo(layer.tar());
  }

  @Test
  void whatIsNoFileIsNotOpened() throws IOException, InterruptedException {
    TestStore store = new TestStore(root);
    LayerTar layer = around("pipe", CONTENT);
    store.add(layer, "").add(TestImage.of(layer.tar()), id(layer), NAME);
    TestTools.run(store.diff(layer), List.of("mkfifo", "pipe"));
    fails(in(NAME), "\"pipe\" is not there");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "garbage",
        "{\"type\":3,\"payload\":\"\"}",
        "{\"type\":1,\"name\":\"etc/f\",\"size\":-5,\"payload\":\"\"}",
        "{\"type\":1,\"name\":\"etc/f\",\"size\":99999999999999999999,\"payload\":\"\"}",
        "{\"type\":1,\"name\":\"etc/f\",\"size\":9223372036854775807,\"payload\":\"\"}",
        "{\"type\":1,\"name_raw\":\"Y2Fm6Q==\",\"size\":5,\"payload\":\"\"}",
        "{\"type\":2,\"payload\":\"***\"}",
        "{\"type\":2,\"payload\":[1]}",
        "{\"type\":2,\"payload\":",
        "{\"type\":2,\"x\":{\"x\":{\"x\":{}}},\"payload\":\"\"}"
      })
  void aDamagedRecordIsToldInOneLine(String record) throws Exception {
    TestStore store = new TestStore(root);
    store.addImage(CONTENT, NAME);
    Files.write(store.record(around("etc/f", CONTENT)), gzip(bytes(record)));
    assertThatThrownBy(() -> pull().layer(in(NAME)))
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith("layer sha256:")
        .hasMessageEndingWith("; remove the image and pull it again")
        .hasMessageNotContaining("\n");
  }

  @Test
  void anEntryWithoutEndIsNotRead() throws Exception {
    TestStore store = new TestStore(root);
    store.addImage(CONTENT, NAME);
    Files.write(store.record(around("etc/f", CONTENT)), gzip(bytes(segment(new byte[33 << 20]))));
    fails(in(NAME), "the record of its tar has an entry of more than 33554432 bytes");
  }

  @Test
  void idsAreNotPaths() throws Exception {
    TestStore store = new TestStore(root);
    store.addImage(CONTENT, NAME);
    Path images = root.resolve("overlay-images/images.json");
    String good = Files.readString(images);
    String id = TestImage.of(around("etc/f", CONTENT).tar()).config().hex();
    Files.writeString(images, good.replace("\"id\":\"" + id, "\"id\":\"../../" + id));
    fails(in(NAME), "images.json: \"../../" + id + "\" is not an ID; repair the store");
    Files.writeString(images, "[" + "[".repeat(100_000));
    fails(in(NAME), "images.json: not JSON: ");
    Files.writeString(images, " ".repeat((16 << 20) + 1));
    fails(in(NAME), "images.json is larger than 16777216 bytes");
    Files.writeString(images, good);
    Path layers = root.resolve("overlay-layers/layers.json");
    Files.writeString(
        layers, Files.readString(layers).replace("\"id\":\"", "\"parent\":\"../x\",\"id\":\""));
    fails(in(NAME), "layers.json: \"../x\" is not an ID; repair the store");
  }

  @Test
  void layersInACircleEnd() throws Exception {
    TestStore store = new TestStore(root);
    LayerTar layer = around("etc/f", CONTENT);
    store.add(layer, id(layer)).add(TestImage.of(layer.tar()), id(layer), NAME);
    fails(in(NAME), "has more than 4096 layers");
  }

  @Test
  void aRecordMayBeOfEmptyFilesAlone() throws Exception {
    TestStore store = new TestStore(root);
    LayerTar layer = new LayerTar(bytes("headers"), file("gone", 0) + segment(bytes("headers")));
    store.add(layer, "").add(TestImage.of(layer.tar()), id(layer), NAME);
    assertThat(pull().layer(in(NAME))).isEqualTo(bytes("headers"));
  }

  private void fails(String reference, String message) {
    assertThatThrownBy(() -> pull().layer(reference))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }
}
