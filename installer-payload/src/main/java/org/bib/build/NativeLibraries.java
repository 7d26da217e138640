package org.bib.build;

import java.util.List;
import org.bib.ext4.Ext4Writer;
import org.bib.failure.BuildException;
import org.bib.gpt.PartitionTableWriter;

/**
 * Binds the native libraries while the image is opened and read: jnr-ffi compiles each binding when
 * it is first asked for, and a small build would wait for that.
 */
final class NativeLibraries {
  private NativeLibraries() {}

  /** A library to be bound. */
  private interface Binding {
    void load() throws BuildException;
  }

  /** Begins to bind them; one that is missing is told by whatever needs it. */
  static void load() {
    Thread thread = new Thread(NativeLibraries::loadAll, "native libraries");
    thread.setDaemon(true);
    thread.start();
  }

  private static void loadAll() {
    List<Binding> bindings =
        List.of(DirectoryLock::load, PartitionTableWriter::load, Ext4Writer::load);
    for (Binding binding : bindings) {
      try {
        binding.load();
      } catch (BuildException | LinkageError e) {
        // Not everybody needs each.
      }
    }
  }
}
