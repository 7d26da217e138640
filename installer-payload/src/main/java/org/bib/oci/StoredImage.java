package org.bib.oci;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.bib.oci.JsonObject.MalformedException;

/**
 * What a store of podman says of an image (containers/storage, images.go, {@code Image}).
 *
 * @param directory with the image's documents
 * @param id in hexadecimal, that of its configuration
 * @param names full, with registry and tag
 * @param topLayer ID of the uppermost layer
 * @param digests of its manifests, and of the indexes that it was pulled by
 */
record StoredImage(
    Path directory, String id, List<String> names, String topLayer, List<String> digests) {
  /** IDs become names of files: nothing else may. */
  private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");

  static StoredImage of(JsonObject json, Path images) throws MalformedException {
    String id = id(json.text("id").orElse(""));
    List<String> digests = new ArrayList<>();
    json.text("digest").ifPresent(digests::add);
    for (Map.Entry<String, String> document : json.textMap("big-data-digests").entrySet()) {
      if (document.getKey().startsWith("manifest")) {
        digests.add(document.getValue());
      }
    }
    String topLayer = json.text("layer").orElse("");
    return new StoredImage(
        images.resolve(id),
        id,
        List.copyOf(json.texts("names")),
        topLayer.isEmpty() ? "" : id(topLayer),
        List.copyOf(digests));
  }

  /** {@code text}, if it is an ID. */
  static String id(String text) throws MalformedException {
    if (!ID.matcher(text).matches()) {
      throw new MalformedException(MessageText.quoted(text) + " is not an ID");
    }
    return text;
  }
}
