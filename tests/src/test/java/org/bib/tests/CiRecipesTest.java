package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The recipes in {@code config-examples/ci}, with what each runs taken from it and run by nobody.
 */
class CiRecipesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path RECIPES = Launcher.TOP.resolve("config-examples/ci");

  /** Where the container of {@code config-examples/Containerfile} has bib. */
  private static final String IN_CONTAINER = "/opt/bib/bib";

  private Path dir = Path.of("");
  private Path image = Path.of("");
  private Path disks = Path.of("");

  @BeforeEach
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-ci");
    Launcher.install(dir);
    image = dir.resolve("tiny");
    Tools.checked(
        Launcher.TOP.resolve("builder-cli/src/training/make-image").toString(), image.toString());
    disks = Files.createDirectory(dir.resolve("disks"));
    Files.setPosixFilePermissions(disks, PosixFilePermissions.fromString("rwxrwxrwx"));
    Files.writeString(dir.resolve("config.toml"), "[customizations]\nhostname = \"first\"\n");
  }

  @AfterEach
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  private static List<JsonNode> read(String recipe) throws IOException {
    List<JsonNode> documents = new ArrayList<>();
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    String text = Files.readString(RECIPES.resolve(recipe));
    for (Object document : new Yaml(new SafeConstructor(options)).loadAll(text)) {
      documents.add(JSON.valueToTree(document));
    }
    return documents;
  }

  @Test
  void everyRecipeIsTestedAndNoneAsksForPrivilege() throws IOException {
    try (Stream<Path> recipes = Files.list(RECIPES)) {
      assertThat(recipes.map(recipe -> recipe.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "github-actions.yml", "gitlab-ci.yml", "tekton-task.yaml", "kubernetes-job.yaml");
    }
    try (Stream<Path> recipes = Files.list(RECIPES)) {
      for (Path recipe : recipes.toList()) {
        assertThat(Files.readString(recipe))
            .as(recipe.toString())
            .doesNotContain(
                "privileged: true", "docker.sock", "sudo ", "dind", "hostPath", "podman run");
      }
    }
  }

  @Test
  void githubActions() throws IOException, InterruptedException {
    JsonNode job = read("github-actions.yml").get(0).at("/jobs/disk");
    JsonNode step =
        StreamSupport.stream(job.get("steps").spliterator(), false)
            .filter(candidate -> candidate.has("run"))
            .findFirst()
            .orElseThrow();
    Map<String, String> environment = new LinkedHashMap<>();
    job.get("env").properties().forEach(e -> environment.put(e.getKey(), e.getValue().asText()));
    assertThat(step.at("/env/REGISTRY_AUTH").asText()).contains("secrets.REGISTRY_AUTH || '{}'");
    environment.put("REGISTRY_AUTH", "{}");
    built(environment, step.get("run").asText());
    assertThat(job.at("/steps").findValuesAsText("path")).contains("disks/");
  }

  @Test
  void gitlab() throws IOException, InterruptedException {
    JsonNode job = read("gitlab-ci.yml").get(0).get("disk");
    Map<String, String> environment = new LinkedHashMap<>();
    job.get("variables")
        .properties()
        .forEach(e -> environment.put(e.getKey(), e.getValue().asText()));
    assertThat(job.at("/script")).hasSize(1);
    built(environment, inContainer(job.at("/script/0").asText()));
    assertThat(job.at("/artifacts/paths/0").asText()).isEqualTo("disks/");
  }

  @Test
  void tekton() throws IOException, InterruptedException {
    JsonNode task = read("tekton-task.yaml").get(0);
    assertThat(task.get("kind").asText()).isEqualTo("Task");
    JsonNode step = task.at("/spec/steps/0");
    checkUnprivileged(step.get("securityContext"), step.get("securityContext"));
    Path result = dir.resolve("disks/result");
    Map<String, String> values =
        Map.of(
            "$(params.image)", "registry.example/x/os:1",
            "$(params.type)", task.at("/spec/params/1/default").asText(),
            "$(workspaces.source.path)", dir.toString(),
            "$(workspaces.disks.path)", disks.toString(),
            "$(results.paths.path)", result.toString());
    Map<String, String> environment = new LinkedHashMap<>();
    for (JsonNode variable : step.get("env")) {
      String value = variable.get("value").asText();
      assertThat(values).containsKey(value);
      environment.put(variable.get("name").asText(), values.get(value));
    }
    built(environment, inContainer(step.get("script").asText()));
    assertThat(Files.readString(result)).startsWith(disks + "/qcow2/disk.qcow2\n");
  }

  @Test
  void kubernetes() throws IOException, InterruptedException {
    List<JsonNode> documents = read("kubernetes-job.yaml");
    assertThat(documents.stream().map(document -> document.get("kind").asText()))
        .containsExactly("ConfigMap", "PersistentVolumeClaim", "Job");
    JsonNode pod = documents.get(2).at("/spec/template/spec");
    JsonNode container = pod.at("/containers/0");
    checkUnprivileged(pod.get("securityContext"), container.get("securityContext"));
    assertThat(container.at("/volumeMounts").findValuesAsText("name"))
        .containsExactlyElementsOf(
            pod.get("volumes").findValuesAsText("name").stream()
                .filter(name -> !name.equals("disk"))
                .toList());
    Path config = Files.createDirectory(dir.resolve("config"));
    Files.writeString(
        config.resolve("config.toml"), documents.get(0).at("/data/config.toml").asText());
    StringBuilder script = new StringBuilder("exec /opt/bib/bib");
    for (JsonNode argument : container.get("args")) {
      script
          .append(" '")
          .append(
              argument
                  .asText()
                  .replace("=/config/", "=" + config + "/")
                  .replace("=/disks", "=" + disks)
                  .replace("$(IMAGE)", "oci:" + image))
          .append('\'');
    }
    built(Map.of("IMAGE", ""), inContainer(script.toString()));
  }

  private static void checkUnprivileged(JsonNode pod, JsonNode container) {
    assertThat(pod.get("runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.get("runAsUser").asInt()).isPositive();
    assertThat(pod.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    assertThat(container.get("allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(container.get("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(container.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
    assertThat(container.has("privileged")).isFalse();
    assertThat(container.at("/capabilities").has("add")).isFalse();
  }

  private String inContainer(String script) {
    assertThat(script).contains(IN_CONTAINER);
    return script.replace(IN_CONTAINER, dir.resolve("bib/bib").toString());
  }

  /** Runs a recipe's script on the tiny image, as nobody and without a network to be had. */
  private void built(Map<String, String> environment, String script)
      throws IOException, InterruptedException {
    assertThat(environment).containsKey("IMAGE");
    List<String> command =
        new ArrayList<>(List.of("setpriv", "--reuid", Launcher.NOBODY, "--regid", Launcher.NOBODY));
    command.addAll(List.of("--clear-groups", "--no-new-privs", "--bounding-set=-all", "env", "-C"));
    command.add(dir.toString());
    environment.forEach((name, value) -> command.add(name + "=" + value));
    command.add("IMAGE=oci:" + image);
    command.addAll(List.of("bash", "-e", "-o", "pipefail", "-c", script));
    Tools.checked(command.toArray(String[]::new));
    assertThat(disks.resolve("qcow2/disk.qcow2")).isRegularFile();
    assertThat(disks.resolve("manifest-qcow2.json")).isRegularFile();
    Tools.checked("qemu-img", "check", disks.resolve("qcow2/disk.qcow2").toString());
  }
}
