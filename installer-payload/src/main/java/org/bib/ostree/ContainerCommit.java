package org.bib.ostree;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What ostree-ext writes into the commit of a container image (container/store.rs). */
final class ContainerCommit {
  private static final String IMPORTER_VERSION = "0.15.3";
  // Numbers stay as they are: a double would lose digits.
  private static final ObjectMapper CANONICAL =
      new ObjectMapper()
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  private ContainerCommit() {}

  /** The metadata of the merge commit. */
  static SortedMap<String, String> metadata(Deployment.Documents documents) throws IOException {
    TreeMap<String, String> metadata = new TreeMap<>();
    metadata.put("ostree.container.image-config", canonical(documents.config()));
    metadata.put("ostree.importer.version", IMPORTER_VERSION);
    metadata.put("ostree.manifest", canonical(documents.manifest()));
    metadata.put("ostree.manifest-digest", documents.manifestDigest());
    return metadata;
  }

  /** The same JSON with sorted keys and without white space. */
  static String canonical(String json) throws IOException {
    return CANONICAL.writeValueAsString(CANONICAL.readValue(json, Object.class));
  }

  /** A map as JSON with sorted keys and without white space; null values are written. */
  static String canonical(Map<String, ?> map) throws IOException {
    return CANONICAL.writeValueAsString(map);
  }
}
