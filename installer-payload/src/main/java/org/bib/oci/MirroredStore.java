package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.jspecify.annotations.Nullable;

/** An image in the first of several registries that has it. */
final class MirroredStore implements ImageStore {
  private final List<Place> places;
  private final BuildListener listener;
  private @Nullable ImageStore chosen;

  /** A registry that may have the image. */
  interface Place {
    /** Gets there. */
    ImageStore open() throws IOException;
  }

  /**
   * @param places in the order they are tried, the last one the registry itself
   */
  MirroredStore(List<Place> places, BuildListener listener) {
    this.places = List.copyOf(places);
    this.listener = listener;
  }

  @Override
  public String name() {
    return chosen().name();
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    List<String> failures = new ArrayList<>();
    for (Place place : places) {
      @Nullable ImageStore store = null;
      try {
        store = place.open();
        List<Descriptor> roots = store.roots();
        chosen = store;
        return roots;
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (store != null) {
          store.close();
        }
        String problem =
            e instanceof BuildException known
                ? known.problem()
                : MessageText.oneLine(String.valueOf(e.getMessage()));
        if (failures.size() == places.size() - 1) {
          throw new BuildException(
              problem + "; its mirrors failed before: " + String.join("; ", failures),
              e instanceof BuildException known ? known.remedy() : "try again later",
              e);
        }
        failures.add(problem);
        listener.on(new BuildEvent.Detail(problem + ", trying the next registry"));
      }
    }
    throw new IllegalStateException("no place to look at");
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) throws IOException {
    return chosen().manifest(descriptor);
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    return chosen().blob(descriptor);
  }

  @Override
  public Optional<List<SigstoreSignature>> signatures(Digest manifest) throws IOException {
    return chosen().signatures(manifest);
  }

  @Override
  public String remedyForDamage() {
    return chosen().remedyForDamage();
  }

  @Override
  public void close() throws IOException {
    if (chosen != null) {
      chosen.close();
    }
  }

  private ImageStore chosen() {
    if (chosen == null) {
      throw new IllegalStateException("asked before roots()");
    }
    return chosen;
  }
}
