package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;
import org.jspecify.annotations.Nullable;

/**
 * An image of a container engine: the engine finds it by name and sends it once, in the format of
 * {@code docker save}, into a temporary file without a name.
 */
final class EngineStore implements ImageStore {
  /** An engine may pack the whole image before it sends the first byte. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** What an engine says of an image, or of all of them; far beyond any. */
  private static final int MAX_DOCUMENT = 16 << 20;

  private final DockerArchive archive;
  private final Optional<String> registryName;

  private EngineStore(DockerArchive archive, Optional<String> registryName) {
    this.archive = archive;
    this.registryName = registryName;
  }

  /** Fetches an image. */
  static EngineStore open(
      Engine engine, String reference, Surroundings surroundings, Path spoolDirectory)
      throws IOException, ConfigException {
    String name = MessageText.oneLine(reference);
    String image = reference.substring(engine.transport().length());
    if (image.isEmpty()) {
      throw new ConfigException(MessageText.quoted(reference), "names no image");
    }
    Optional<Path> path = engine.socket(surroundings);
    if (path.isEmpty()) {
      throw new BuildException(
          name
              + ": "
              + engine.label()
              + " does not listen at "
              + surroundings
                  .variable(engine.variable())
                  .orElse(
                      String.join(" or ", engine.sockets().stream().map(Path::toString).toList())),
          "start its service, or set "
              + engine.variable()
              + ", or save the image to a file and name docker-archive:FILE");
    }
    Dialogue dialogue =
        new Dialogue(engine, name, path.get(), new EngineSocket(path.get(), PATIENCE));
    Found found = dialogue.find(image);
    ArchiveFiles files = dialogue.export(found.id(), spoolDirectory);
    return new EngineStore(
        new DockerArchive(files, name, Optional.empty(), "pull or build the image again"),
        found.registryName());
  }

  /**
   * What the engine knows.
   *
   * @param id under which exactly this image is exported; names may stand for all tags
   */
  private record Found(String id, Optional<String> registryName) {}

  /** Requests to one engine for one image. */
  private record Dialogue(Engine engine, String name, Path path, EngineSocket socket) {
    Found find(String image) throws IOException {
      byte[] document = ask("/images/" + encoded(image) + "/json");
      try {
        JsonObject json = JsonObject.parse(document);
        String id = json.text("Id").orElseThrow(() -> new MalformedException("it has no Id"));
        List<String> tags = json.texts("RepoTags");
        return new Found(id, tags.contains(image) ? Optional.of(image) : tags.stream().findFirst());
      } catch (MalformedException e) {
        throw answered(MessageText.oneLine(String.valueOf(e.getMessage())), e);
      }
    }

    ArchiveFiles export(String id, Path spoolDirectory) throws IOException {
      String target = "/images/" + encoded(id) + "/get" + engine.exportQuery();
      return get(
          target,
          (status, body) -> {
            if (status != 200) {
              throw refused(status, body);
            }
            return ArchiveFiles.spooled(body, name, "an archive of an image", spoolDirectory);
          });
    }

    private byte[] ask(String target) throws IOException {
      return get(
          target,
          (status, body) -> {
            if (status == 404) {
              throw notFound();
            }
            if (status != 200) {
              throw refused(status, body);
            }
            byte[] bytes = body.readNBytes(MAX_DOCUMENT + 1);
            if (bytes.length > MAX_DOCUMENT) {
              throw answered("more than " + MAX_DOCUMENT + " bytes", null);
            }
            return bytes;
          });
    }

    private <T> T get(String target, EngineSocket.Handler<T> handler) throws IOException {
      try {
        return socket.get(engine.prefix() + target, handler);
      } catch (SocketTimeoutException e) {
        throw answered("nothing", e);
      } catch (BuildException | InterruptedIOException e) {
        throw e;
      } catch (SocketException e) {
        boolean denied = String.valueOf(e.getMessage()).contains("ermission denied");
        throw new BuildException(
            name + ": " + path + ": " + (denied ? "this user may not connect" : e.getMessage()),
            denied
                ? "run as a user who may, or save the image to a file and name docker-archive:FILE"
                : "start the service of " + engine.label(),
            e);
      } catch (IOException e) {
        throw answered(MessageText.oneLine(String.valueOf(e.getMessage())), e);
      }
    }

    private BuildException notFound() throws IOException {
      List<String> there = new ArrayList<>();
      byte[] list =
          get(
              "/images/json",
              (status, body) -> status == 200 ? body.readNBytes(MAX_DOCUMENT) : new byte[0]);
      try {
        for (JsonObject image : JsonObject.parseList(list)) {
          there.addAll(image.texts("RepoTags"));
        }
      } catch (MalformedException e) {
        return new BuildException(name + ": " + engine.label() + " has no such image", pull(), e);
      }
      return new BuildException(
          name
              + ": "
              + engine.label()
              + (there.isEmpty()
                  ? " has no image"
                  : " has no such image, only " + MessageText.list("", there).strip()),
          pull());
    }

    private String pull() {
      return "pull it first: "
          + engine.label()
          + " pull "
          + name.substring(engine.transport().length());
    }

    private BuildException refused(int status, InputStream body) throws IOException {
      String reason = new String(body.readNBytes(4096), StandardCharsets.UTF_8);
      try {
        reason =
            JsonObject.parse(reason.getBytes(StandardCharsets.UTF_8))
                .text("message")
                .orElse(reason);
      } catch (MalformedException e) {
        // Then it is told as it came.
      }
      return answered(status + " " + MessageText.oneLine(reason), null);
    }

    private BuildException answered(String what, @Nullable Exception cause) {
      String problem = name + ": " + engine.label() + " at " + path + " answered: " + what;
      String remedy = "look at the log of " + engine.label();
      return cause == null
          ? new BuildException(problem, remedy)
          : new BuildException(problem, remedy, cause);
    }

    /** Names keep their slashes in the paths of both APIs. */
    private static String encoded(String image) {
      return URLEncoder.encode(image, StandardCharsets.UTF_8)
          .replace("%2F", "/")
          .replace("%3A", ":")
          .replace("%40", "@");
    }
  }

  @Override
  public String name() {
    return archive.name();
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    return archive.roots();
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) {
    return archive.manifest(descriptor);
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    return archive.blob(descriptor);
  }

  @Override
  public Optional<String> registryName() {
    return registryName;
  }

  @Override
  public String remedyForDamage() {
    return archive.remedyForDamage();
  }

  @Override
  public void close() throws IOException {
    archive.close();
  }
}
