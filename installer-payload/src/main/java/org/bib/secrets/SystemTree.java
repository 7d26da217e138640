package org.bib.secrets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.Nullable;

/**
 * The system as it will be once booted: the image with the deployment's {@code /etc} and the
 * stateroot's {@code /var} over it. Symbolic links are resolved inside it, as in a chroot; only
 * {@code /etc} and {@code /var} can be written.
 */
public final class SystemTree {
  // path_resolution(7): the kernel gives up after 40 links.
  private static final int MAX_LINKS = 40;
  // Account files are some kilobytes; this only bounds what is read into memory.
  private static final long MAX_TEXT_BYTES = 16 << 20;

  private final DirectoryNode etc;
  private final DirectoryNode var;
  private final DirectoryNode imageRoot;
  private final Instant time;
  private final TreeSet<String> changed = new TreeSet<>();

  /**
   * Where a path leads.
   *
   * @param names of the real path, free of symbolic links
   * @param node what is there, null if nothing is
   */
  public record Place(List<String> names, @Nullable Node node) {
    public Place {
      names = List.copyOf(names);
    }

    /** Whether the place is within {@code /etc} or {@code /var}, and not one of these itself. */
    public boolean isWritable() {
      return names.size() > 1 && (names.get(0).equals("etc") || names.get(0).equals("var"));
    }

    public boolean isBelowVar() {
      return isWritable() && names.get(0).equals("var");
    }

    public String path() {
      return "/" + String.join("/", names);
    }

    List<String> parent() {
      return names.subList(0, names.size() - 1);
    }

    String name() {
      return names.get(names.size() - 1);
    }
  }

  /**
   * Lays {@code etc} and {@code var} over the image.
   *
   * @param time modification time of all that is written
   */
  public SystemTree(DirectoryNode etc, DirectoryNode var, DirectoryNode imageRoot, Instant time) {
    this.etc = etc;
    this.var = var;
    this.imageRoot = imageRoot;
    this.time = time;
  }

  Instant time() {
    return time;
  }

  /** Metadata of something new. */
  public Metadata metadata(int permissions, long uid, long gid) {
    return Metadata.root(permissions).withOwner(uid, gid).withMtime(time);
  }

  /** Where {@code path} leads, a link at its end followed. */
  public Place resolve(String path) throws ConfigException {
    return walk(path, true);
  }

  /** Where {@code path} leads, a link at its end not followed. */
  public Place resolveParent(String path) throws ConfigException {
    return walk(path, false);
  }

  private Place walk(String path, boolean followLast) throws ConfigException {
    Deque<String> pending = new ArrayDeque<>(Arrays.asList(path.split("/", -1)));
    List<String> names = new ArrayList<>();
    List<Optional<Node>> nodes = new ArrayList<>();
    int links = 0;
    while (!pending.isEmpty()) {
      String name = pending.removeFirst();
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        if (!names.isEmpty()) {
          names.remove(names.size() - 1);
          nodes.remove(nodes.size() - 1);
        }
        continue;
      }
      Node child = child(names.isEmpty() ? imageRoot : last(nodes), names, name);
      boolean isLast = pending.stream().allMatch(String::isEmpty);
      if (child instanceof SymlinkNode link && (followLast || !isLast)) {
        if (++links > MAX_LINKS) {
          throw new ConfigException(path, "leads through more than 40 symbolic links in the image");
        }
        if (link.target().startsWith("/")) {
          names.clear();
          nodes.clear();
        }
        List<String> target = Arrays.asList(link.target().split("/", -1));
        for (int i = target.size() - 1; i >= 0; i--) {
          pending.addFirst(target.get(i));
        }
      } else {
        names.add(name);
        nodes.add(Optional.ofNullable(child));
      }
    }
    return new Place(names, names.isEmpty() ? imageRoot : last(nodes));
  }

  private static @Nullable Node last(List<Optional<Node>> nodes) {
    return nodes.get(nodes.size() - 1).orElse(null);
  }

  private @Nullable Node child(@Nullable Node parent, List<String> names, String name) {
    if (names.isEmpty() && name.equals("etc")) {
      return etc;
    }
    if (names.isEmpty() && name.equals("var")) {
      return var;
    }
    return parent instanceof DirectoryNode directory ? directory.child(name) : null;
  }

  /**
   * The directory at {@code names} in {@code /etc} or {@code /var}; made with its parents, for root
   * and with mode 0755, where it is missing.
   */
  public DirectoryNode makeDirectory(List<String> names) throws ConfigException {
    DirectoryNode directory = names.get(0).equals("etc") ? etc : var;
    for (int i = 1; i < names.size(); i++) {
      Node next = directory.child(names.get(i));
      if (next == null) {
        // tmpfiles.d of every bootable image keeps the home of root to itself.
        boolean private_ = names.subList(0, i + 1).equals(List.of("var", "roothome"));
        next = new DirectoryNode(metadata(private_ ? 0700 : 0755, 0, 0));
        directory.put(names.get(i), next);
      }
      if (!(next instanceof DirectoryNode nextDirectory)) {
        throw new ConfigException(
            "/" + String.join("/", names.subList(0, i + 1)), "is not a directory in the image");
      }
      directory = nextDirectory;
    }
    return directory;
  }

  /** Whether there is a directory at {@code names}, without links. */
  public boolean isDirectory(List<String> names) throws ConfigException {
    return walk(String.join("/", names), false).node() instanceof DirectoryNode;
  }

  /** Puts {@code node} at a writable place. */
  public void put(Place place, Node node) throws ConfigException {
    if (!place.isWritable()) {
      throw new ConfigException(
          place.path(), "is not below /etc or /var; only these can be written");
    }
    makeDirectory(place.parent()).put(place.name(), node);
    changed.add(place.path());
  }

  /** Gives the directory at a place other metadata. */
  void put(Place place, DirectoryNode directory, Metadata metadata) {
    directory.setMetadata(metadata);
    changed.add(place.path());
  }

  /** Removes what is at a writable place, if anything is. */
  public void remove(Place place) throws ConfigException {
    if (place.node() != null) {
      if (!place.isWritable()) {
        throw new ConfigException(
            place.path(), "is not below /etc or /var; only these can be written");
      }
      makeDirectory(place.parent()).remove(place.name());
      changed.add(place.path());
    }
  }

  /** The real paths of all that was written or removed, in their order. */
  public SortedSet<String> changed() {
    return Collections.unmodifiableSortedSet(changed);
  }

  /** The text file at {@code path}, each byte a char, if there is one. */
  public Optional<String> readText(String path) throws ConfigException, IOException {
    return resolve(path).node() instanceof FileNode file
        ? Optional.of(ByteText.decode(read(path, file.content())))
        : Optional.empty();
  }

  private static byte[] read(String path, Content content) throws IOException {
    if (content.size() > MAX_TEXT_BYTES) {
      throw new BuildException(
          path + " of the image has " + content.size() + " bytes, which no such file has",
          "repair the image");
    }
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    content.read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /**
   * Writes a text file. An existing one keeps mode, owner and attributes.
   *
   * @param text each char a byte
   * @param ifNew metadata of the file if there is none yet
   */
  public void writeText(String path, String text, Metadata ifNew) throws ConfigException {
    Place place = resolve(path);
    Metadata metadata = ifNew;
    if (place.node() instanceof FileNode file) {
      metadata = file.metadata().withMtime(time);
    } else if (place.node() != null) {
      throw new ConfigException(path, "is not a file in the image");
    }
    put(place, new FileNode(metadata, Content.of(ByteText.encode(text))));
  }
}
