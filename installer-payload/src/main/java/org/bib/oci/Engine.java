package org.bib.oci;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.ConfigException;

/**
 * A container engine that is asked for images over its socket.
 *
 * @param transport that names it, with its colon
 * @param label as people call it
 * @param variable environment variable that names its socket
 * @param sockets where to look for it otherwise, best first
 * @param prefix of the paths of its API
 * @param exportQuery what asks for the format of {@code docker save}
 */
record Engine(
    String transport,
    String label,
    String variable,
    List<Path> sockets,
    String prefix,
    String exportQuery) {
  private static final String UNIX = "unix://";

  /** Docker (docs.docker.com/reference/api/engine), or what answers in its stead. */
  static Engine docker(Surroundings surroundings) {
    List<Path> sockets = new ArrayList<>(List.of(Path.of("/var/run/docker.sock")));
    surroundings
        .variable("XDG_RUNTIME_DIR")
        .ifPresent(runtime -> sockets.add(Path.of(runtime, "docker.sock")));
    return new Engine("docker-daemon:", "docker", "DOCKER_HOST", sockets, "", "");
  }

  /** Podman's service (podman-system-service(1)), by its own API, which knows short names. */
  static Engine podman(Surroundings surroundings) {
    List<Path> sockets = new ArrayList<>();
    surroundings
        .variable("XDG_RUNTIME_DIR")
        .ifPresent(runtime -> sockets.add(Path.of(runtime, "podman/podman.sock")));
    sockets.add(Path.of("/run/podman/podman.sock"));
    return new Engine(
        "podman:", "podman", "CONTAINER_HOST", sockets, "/v4.0.0/libpod", "?format=docker-archive");
  }

  /**
   * The socket, if there is one.
   *
   * @throws ConfigException if the environment names one that cannot be used
   */
  Optional<Path> socket(Surroundings surroundings) throws ConfigException {
    Optional<String> named = surroundings.variable(variable);
    if (named.isEmpty()) {
      return sockets.stream().filter(Files::exists).findFirst();
    }
    if (!named.get().startsWith(UNIX)) {
      throw new ConfigException(
          variable,
          MessageText.quoted(named.get())
              + " is not a unix socket; set it to unix:///PATH, or save the image there and name"
              + " docker-archive:FILE");
    }
    return Optional.of(Path.of(named.get().substring(UNIX.length()))).filter(Files::exists);
  }
}
