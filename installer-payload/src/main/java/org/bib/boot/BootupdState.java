package org.bib.boot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code bootupd-state.json}: what bootupd believes to be installed, so that {@code bootupctl
 * update} knows what to replace (bootupd, model.rs: {@code SavedState}; filetree.rs).
 */
final class BootupdState {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final SortedMap<String, ObjectNode> installed = new TreeMap<>();

  /**
   * Which packages a component comes from.
   *
   * @param timestamp of the newest
   * @param version all of them, for people
   * @param packages all of them, for comparison; older versions of bootupd do not write them
   */
  record Update(Instant timestamp, String version, Optional<List<PackageVersion>> packages) {
    /** A package. */
    record PackageVersion(String name, String version) {}

    /**
     * Reads {@code /usr/lib/bootupd/updates/COMPONENT.json}.
     *
     * @throws org.bib.failure.BuildException if {@code json} is anything else
     */
    static Update read(String path, byte[] json) throws IOException {
      try {
        JsonNode root = JSON.readTree(json);
        JsonNode versions = root.path("versions");
        Optional<List<PackageVersion>> packages = Optional.empty();
        if (!versions.isMissingNode() && !versions.isNull()) {
          List<PackageVersion> list = new ArrayList<>();
          for (JsonNode version : versions) {
            list.add(
                new PackageVersion(text(path, version, "name"), text(path, version, "rpm_evr")));
          }
          packages = Optional.of(List.copyOf(list));
        }
        return new Update(
            OffsetDateTime.parse(text(path, root, "timestamp")).toInstant(),
            text(path, root, "version"),
            packages);
      } catch (JsonProcessingException e) {
        throw ImageFiles.malformed(path, "is not JSON: " + e.getOriginalMessage());
      } catch (DateTimeException e) {
        throw ImageFiles.malformed(path, "its \"timestamp\" is none of RFC 3339");
      }
    }

    private static String text(String path, JsonNode object, String key) throws IOException {
      JsonNode value = object.path(key);
      if (!value.isTextual()) {
        throw ImageFiles.malformed(path, "has no \"" + key + "\"");
      }
      return value.textValue();
    }

    private ObjectNode json() {
      ObjectNode json = JSON.createObjectNode();
      json.put("timestamp", timestamp.toString()).put("version", version);
      if (packages.isPresent()) {
        ArrayNode versions = json.putArray("versions");
        for (PackageVersion each : packages.get()) {
          versions.addObject().put("name", each.name()).put("rpm_evr", each.version());
        }
      } else {
        json.putNull("versions");
      }
      return json;
    }
  }

  /**
   * A file of a component.
   *
   * @param source path in the payload
   * @param size in bytes
   * @param sha512 in hexadecimal
   */
  record InstalledFile(String source, long size, String sha512) {}

  /**
   * Adds a component.
   *
   * @param name for example {@code EFI}
   * @param files by path below {@code /EFI} of the EFI system partition, if it has files
   */
  void add(String name, Update update, Optional<SortedMap<String, InstalledFile>> files) {
    ObjectNode component = JSON.createObjectNode();
    component.set("meta", update.json());
    if (files.isPresent()) {
      ObjectNode children = component.putObject("filetree").putObject("children");
      for (Map.Entry<String, InstalledFile> file : files.get().entrySet()) {
        children
            .putObject(file.getKey())
            .put("source", file.getValue().source())
            .put("size", file.getValue().size())
            .put("sha512", "sha512:" + file.getValue().sha512());
      }
    } else {
      component.putNull("filetree");
    }
    component.putNull("adopted-from");
    installed.put(name, component);
  }

  /**
   * The file.
   *
   * @param staticConfig since when GRUB's configuration is bootupd's
   */
  byte[] bytes(Update staticConfig) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    root.putObject("installed").setAll(installed);
    root.putNull("pending");
    root.set("static-configs", staticConfig.json());
    return JSON.writeValueAsBytes(root);
  }
}
