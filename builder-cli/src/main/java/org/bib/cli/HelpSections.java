package org.bib.cli;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.IHelpFactory;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ScopeType;

/**
 * Lays out what is told of a command: options by section, exit statuses, examples last. This is
 * done when help is asked for, so that parsing and completion know nothing of it.
 */
final class HelpSections implements IHelpFactory {
  @Override
  public Help create(CommandSpec command, ColorScheme colors) {
    arrange(command);
    return new Help(command, colors);
  }

  /** Lays out a command, once. */
  static void arrange(CommandSpec command) {
    if (!command.argGroups().isEmpty()) {
      return;
    }
    UsageMessageSpec usage = command.usageMessage();
    usage.sortOptions(false);
    usage.synopsisHeading("Usage: ");
    if (usage.customSynopsis().length == 0) {
      usage.customSynopsis(synopsis(command));
    }
    usage.parameterListHeading("%nArguments:%n");
    usage.commandListHeading("%nCommands:%n");
    if (usage.exitCodeList().isEmpty()) {
      usage.exitCodeList(statuses());
    }
    usage.exitCodeListHeading("%nExit status:%n");
    if (usage.footer().length > 0) {
      usage.footerHeading("%nExamples:%n");
    }
    for (Map.Entry<Section, List<OptionSpec>> entry : bySection(command).entrySet()) {
      ArgGroupSpec.Builder group =
          ArgGroupSpec.builder()
              .heading("%n" + entry.getKey().title() + ":%n")
              .order(command.argGroups().size())
              .validate(false);
      for (OptionSpec option : entry.getValue()) {
        command.remove(option);
        // What all commands inherit each has already.
        group.addArg(OptionSpec.builder(option).scopeType(ScopeType.LOCAL).build());
      }
      command.addArgGroup(group.build());
    }
  }

  /** What a command ends with that does not say otherwise. */
  static Map<String, String> statuses() {
    Map<String, String> statuses = new LinkedHashMap<>();
    statuses.put("0", "Done.");
    statuses.put("1", "Failed.");
    statuses.put("2", "Wrong command line or configuration.");
    statuses.put("70", "A bug of bib.");
    statuses.put("130, 143", "Stopped by SIGINT, by SIGTERM.");
    return statuses;
  }

  private static String synopsis(CommandSpec command) {
    StringBuilder synopsis = new StringBuilder(command.qualifiedName());
    if (!command.subcommands().isEmpty()) {
      synopsis.append(" COMMAND");
    }
    synopsis.append(" [OPTIONS]");
    for (PositionalParamSpec parameter : command.positionalParameters()) {
      if (!parameter.hidden()) {
        boolean optional = parameter.arity().min() == 0 && parameter.arity().max() == 1;
        String label = parameter.paramLabel();
        synopsis.append(" ").append(optional ? "[" + label + "]" : label);
      }
    }
    return synopsis.toString();
  }

  private static Map<Section, List<OptionSpec>> bySection(CommandSpec command) {
    Map<Section, List<OptionSpec>> sections = new EnumMap<>(Section.class);
    for (OptionSpec option : command.options()) {
      if (!option.hidden()) {
        sections.computeIfAbsent(section(option), section -> new ArrayList<>()).add(option);
      }
    }
    return sections;
  }

  private static Section section(OptionSpec option) {
    if (option.userObject() instanceof Field field) {
      for (InSection in :
          Arrays.asList(
              field.getAnnotation(InSection.class),
              field.getDeclaringClass().getAnnotation(InSection.class))) {
        if (in != null) {
          return in.value();
        }
      }
    }
    return Section.COMMAND;
  }
}
