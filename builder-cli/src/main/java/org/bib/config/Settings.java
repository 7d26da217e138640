package org.bib.config;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.bib.boot.GrubConsole;
import org.bib.boot.IgnitionFirstBoot;
import org.bib.failure.ConfigException;
import org.bib.settings.SystemSettings;
import org.bib.units.UnitLinks;

/** The keys of {@code customizations} that set up the system, apart from accounts and files. */
final class Settings {
  private static final Pattern ZONE = Pattern.compile("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*");
  private static final Pattern SERVER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.:_-]*");
  private static final Pattern LANGUAGE = Pattern.compile("[A-Za-z][A-Za-z0-9_.@-]*");
  private static final Pattern KEYBOARD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");
  private static final Pattern TERMINAL = Pattern.compile("[a-z][a-z0-9_]*");
  private static final Pattern SERIAL_ARGUMENT =
      Pattern.compile("--[a-z]+(=[A-Za-z0-9_.:,/-]+)?|[a-z][a-z0-9]*");

  /** It goes between single quotes in a script of GRUB, and becomes one argument of the kernel. */
  private static final Pattern URL =
      Pattern.compile("[a-z][a-z0-9+.-]*://[A-Za-z0-9._~:/?#@!&()*+,;=%\\[\\]-]+");

  private static final int NAME_DIGITS = 16;

  private final Table customizations;
  private final References references;

  private Settings(Table customizations, References references) {
    this.customizations = customizations;
    this.references = references;
  }

  static SystemSettings read(Table customizations, References references) {
    return new Settings(customizations, references).read();
  }

  private SystemSettings read() {
    return new SystemSettings(
        part("timezone", Settings::clock, SystemSettings.NONE.clock()),
        part("locale", Settings::locale, SystemSettings.NONE.locale()),
        part("services", Settings::services, SystemSettings.NONE.services()),
        part("cacerts", this::authorities, List.of()),
        customizations.flag("fips"),
        pullSecret(),
        part("bootloader", Settings::console, Optional.empty()),
        part("ignition", Settings::ignition, Optional.empty()));
  }

  private <T> T part(String key, Function<Table, T> reader, T ifAbsent) {
    Optional<Table> table = customizations.table(key);
    if (table.isEmpty()) {
      return ifAbsent;
    }
    T read = reader.apply(table.get());
    table.get().refuseUnknownKeys();
    return read;
  }

  private static SystemSettings.Clock clock(Table table) {
    Optional<String> zone =
        matching(table, "timezone", ZONE, "is no time zone, such as Europe/Berlin");
    List<String> servers = table.texts("ntpservers");
    check(table, "ntpservers", servers, SERVER, "is neither a host name nor an address");
    return new SystemSettings.Clock(zone, servers);
  }

  private static SystemSettings.Locale locale(Table table) {
    List<String> languages = table.texts("languages");
    check(table, "languages", languages, LANGUAGE, "is no locale, such as de_DE.UTF-8");
    if (languages.size() > 1) {
      table.warn(
          "languages",
          "of several languages only the first is set; the others need packages in the container");
    }
    return new SystemSettings.Locale(
        languages.stream().findFirst(),
        matching(table, "keyboard", KEYBOARD, "is no key map, such as us"));
  }

  private static SystemSettings.Services services(Table table) {
    List<String> enabled = units(table, "enabled");
    List<String> disabled = units(table, "disabled");
    List<String> masked = units(table, "masked");
    refuseBoth(table, "disabled", disabled, "enabled", enabled);
    refuseBoth(table, "masked", masked, "enabled", enabled);
    return new SystemSettings.Services(enabled, disabled, masked);
  }

  private static List<String> units(Table table, String key) {
    List<String> units = new ArrayList<>();
    for (String name : table.texts(key)) {
      Optional<String> unit = UnitLinks.fullName(name);
      if (unit.isEmpty()) {
        table.problem(key, "\"" + name + "\" is not the name of a unit");
      }
      unit.filter(text -> !units.contains(text)).ifPresent(units::add);
    }
    return units;
  }

  private static void refuseBoth(
      Table table, String key, List<String> units, String other, List<String> others) {
    units.stream()
        .filter(others::contains)
        .forEach(unit -> table.problem(key, "\"" + unit + "\" is in " + other + ", too"));
  }

  private List<SystemSettings.Authority> authorities(Table table) {
    List<String> texts = new ArrayList<>(table.texts("pem_certs"));
    int inline = texts.size();
    texts.addAll(references.texts(table, "pem_files"));
    List<SystemSettings.Authority> authorities = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      try {
        Collection<? extends Certificate> certificates =
            CertificateFactory.getInstance("X.509")
                .generateCertificates(
                    new ByteArrayInputStream(texts.get(i).getBytes(StandardCharsets.UTF_8)));
        if (certificates.isEmpty()) {
          throw new CertificateException("none");
        }
        for (Certificate certificate : certificates) {
          authorities.add(authority(certificate.getEncoded()));
        }
      } catch (CertificateException e) {
        table.problem(
            i < inline ? "pem_certs[" + i + "]" : "pem_files[" + (i - inline) + "]",
            "is no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----");
      }
    }
    return authorities.stream().distinct().toList();
  }

  private static SystemSettings.Authority authority(byte[] der) {
    try {
      String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(der));
      return new SystemSettings.Authority(
          "bib-" + digest.substring(0, NAME_DIGITS),
          "-----BEGIN CERTIFICATE-----\n"
              + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
              + "\n-----END CERTIFICATE-----\n");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** An auth file (containers-auth.json(5)). */
  private Optional<String> pullSecret() {
    Optional<String> text = references.text(customizations, "pull_secret");
    if (text.isPresent() && !isAuthFile(text.get())) {
      customizations.problem(
          "pull_secret",
          "is no auth file: a JSON object whose \"auths\" has an object with \"auth\" for each"
              + " registry; podman login --authfile FILE makes one");
      return Optional.empty();
    }
    return text.map(json -> json + "\n");
  }

  private static boolean isAuthFile(String text) {
    try {
      Map<?, ?> document = ConfigurationFile.jsonObject("pull_secret", text);
      if (document.get("auths") instanceof Map<?, ?> registries && !registries.isEmpty()) {
        return registries.values().stream().allMatch(Settings::isLogin);
      }
      return document.get("credHelpers") instanceof Map<?, ?>;
    } catch (ConfigException e) {
      return false;
    }
  }

  private static boolean isLogin(Object login) {
    if (!(login instanceof Map<?, ?> fields)) {
      return false;
    }
    if (!(fields.get("auth") instanceof String auth)) {
      return fields.get("identitytoken") instanceof String;
    }
    try {
      byte[] decoded = Base64.getDecoder().decode(auth);
      return new String(decoded, StandardCharsets.UTF_8).indexOf(':') > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Optional<GrubConsole> console(Table table) {
    Optional<Table> grub = table.table("grub2");
    if (grub.isEmpty()) {
      return Optional.empty();
    }
    List<String> input = grub.get().textOrTexts("terminal_input");
    check(grub.get(), "terminal_input", input, TERMINAL, "is no terminal of GRUB");
    List<String> output = grub.get().textOrTexts("terminal_output");
    check(grub.get(), "terminal_output", output, TERMINAL, "is no terminal of GRUB");
    Optional<String> serial =
        grub.get().text("serial").map(text -> text.strip().replaceFirst("^serial(\\s+|$)", ""));
    serial.ifPresent(
        text -> {
          if (!List.of(text.split("\\s+", -1)).stream()
              .allMatch(word -> word.isEmpty() || SERIAL_ARGUMENT.matcher(word).matches())) {
            grub.get()
                .problem("serial", "must be arguments of GRUB's serial, such as --speed=115200");
          }
        });
    grub.get().refuseUnknownKeys();
    return Optional.of(new GrubConsole(input, output, serial));
  }

  private static Optional<IgnitionFirstBoot> ignition(Table table) {
    table.unsupported("embedded", "put the Ignition configuration in the container");
    Optional<Table> first = table.table("firstboot");
    if (first.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> url = matching(first.get(), "url", URL, "is no URL that Ignition can fetch");
    boolean empty = first.get().flag("empty");
    if (empty && first.get().has("url")) {
      first.get().problem("empty", "cannot stand beside url; choose one");
    } else if (!empty && !first.get().has("url")) {
      first.get().problem("url", "is missing; without one set empty = true");
    }
    first.get().refuseUnknownKeys();
    return Optional.of(new IgnitionFirstBoot(url));
  }

  private static Optional<String> matching(
      Table table, String key, Pattern pattern, String problem) {
    Optional<String> text = table.text(key);
    check(table, key, text.stream().toList(), pattern, problem);
    return text;
  }

  private static void check(
      Table table, String key, List<String> values, Pattern pattern, String problem) {
    values.stream()
        .filter(value -> !pattern.matcher(value).matches())
        .forEach(value -> table.problem(key, "\"" + value + "\" " + problem));
  }
}
