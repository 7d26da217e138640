package org.bib.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.bib.cache.CacheDirectory;
import org.bib.cache.CacheEntry;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.report.CacheListing;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code bib cache}. */
@Command(
    name = "cache",
    description = {
      "Shows, trims and checks the layers that are kept between builds.",
      "",
      "They are in $XDG_CACHE_HOME/bib, else in ~/.cache/bib, by their diff_ids. All of them may be"
          + " deleted at any time."
    },
    footer = {"  What there is:", "    bib cache ls"},
    subcommands = {CacheCommand.Ls.class, CacheCommand.Prune.class, CacheCommand.Verify.class})
final class CacheCommand implements Callable<Integer> {
  private static final String VERBS = "ls, prune or verify";

  private final CommandContext context;

  CacheCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    throw new ConfigException("bib cache", "what is missing; choose " + VERBS);
  }

  private Path path() throws ConfigException, BuildException {
    Optional<Path> path = CacheArguments.directory(context.environment());
    if (path.isEmpty()) {
      throw new BuildException(
          "there is no place for a cache: neither XDG_CACHE_HOME nor HOME names a directory",
          "set one of them");
    }
    return path.get();
  }

  private CacheDirectory directory() throws ConfigException, BuildException {
    return CacheDirectory.at(path());
  }

  private void print(List<String> lines) {
    Run.print(context.out(), lines);
  }

  /** {@code bib cache ls}. */
  @Command(
      name = "ls",
      description =
          "Lists layers, last used first: diff_id, size, last use, image with which it came first.",
      footer = {"  The digests alone:", "    bib cache ls --json | jq -r .layers[].digest"})
  static final class Ls implements Callable<Integer> {
    @ParentCommand private @Nullable CacheCommand cache;

    @Option(names = "--json", description = "Print a JSON object, sizes in bytes.")
    private boolean json;

    @Override
    public Integer call() throws ConfigException, IOException {
      CacheCommand command = parent(cache);
      List<CacheEntry> entries = command.directory().entries();
      command.print(
          json ? List.of(CacheListing.json(command.path(), entries)) : CacheListing.lines(entries));
      return ExitStatus.OK;
    }
  }

  /** {@code bib cache prune}. */
  @Command(
      name = "prune",
      description = "Removes what was not used for the longest time, and what killed builds left.",
      footer = {
        "  All but 5 GiB:",
        "    bib cache prune --cache-size 5GiB",
        "  Everything:",
        "    bib cache prune --all"
      })
  static final class Prune implements Callable<Integer> {
    @ParentCommand private @Nullable CacheCommand cache;

    @Option(names = "--all", description = "Remove all layers.")
    private boolean all;

    @Option(
        names = "--cache-size",
        paramLabel = "SIZE",
        description = "How much to leave (default $BIB_CACHE_SIZE, else 20 GiB).")
    private @Nullable String cacheSize;

    @Override
    public Integer call() throws ConfigException, IOException {
      CacheCommand command = parent(cache);
      if (all && cacheSize != null) {
        throw new ConfigException("--all", "leaves nothing; give it or --cache-size");
      }
      ByteSize limit = CacheArguments.limit(cacheSize, command.context.environment());
      CacheDirectory directory = command.directory();
      List<CacheEntry> removed = directory.prune(all ? new ByteSize(0) : limit);
      command.print(
          List.of(
              "removed "
                  + CacheListing.sum(removed)
                  + "; "
                  + CacheListing.sum(directory.entries())
                  + " left"));
      return ExitStatus.OK;
    }
  }

  /** {@code bib cache verify}. */
  @Command(
      name = "verify",
      description = "Reads all layers, and removes those that are not what their diff_ids say.",
      exitCodeList = {
        "0:None was damaged.",
        "1:Those that are named were, or bib failed.",
        "2:Wrong command line.",
        "70:A bug of bib.",
        "130, 143:Stopped by SIGINT, by SIGTERM."
      },
      footer = {"  After the disk had errors:", "    bib cache verify"})
  static final class Verify implements Callable<Integer> {
    @ParentCommand private @Nullable CacheCommand cache;

    @Override
    public Integer call() throws ConfigException, IOException {
      CacheCommand command = parent(cache);
      CacheDirectory directory = command.directory();
      List<CacheEntry> damaged = directory.verify();
      List<String> lines = new ArrayList<>();
      damaged.forEach(entry -> lines.add("damaged, removed: " + entry.diffId()));
      lines.add(
          CacheListing.count(directory.entries()) + " intact, " + damaged.size() + " damaged");
      command.print(lines);
      return damaged.isEmpty() ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }

  private static CacheCommand parent(@Nullable CacheCommand command) {
    if (command == null) {
      throw new IllegalStateException("picocli sets it");
    }
    return command;
  }
}
