package org.bib.oci;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A challenge of a {@code WWW-Authenticate} header (RFC 9110 section 11.3).
 *
 * @param scheme in lower case
 * @param parameters by name in lower case
 */
record AuthChallenge(String scheme, Map<String, String> parameters) {
  AuthChallenge {
    parameters = Collections.unmodifiableMap(new TreeMap<>(parameters));
  }

  /** The challenges of all such headers of a response, in order. */
  static List<AuthChallenge> parse(List<String> headers) {
    List<AuthChallenge> challenges = new ArrayList<>();
    for (String header : headers) {
      new Parser(header, challenges).run();
    }
    return challenges;
  }

  private static final class Parser {
    private final String text;
    private final List<AuthChallenge> challenges;
    private int at;

    Parser(String text, List<AuthChallenge> challenges) {
      this.text = text;
      this.challenges = challenges;
    }

    void run() {
      String scheme = "";
      Map<String, String> parameters = new TreeMap<>();
      while (true) {
        skip(" \t,");
        String token = token();
        if (token.isEmpty()) {
          break;
        }
        skip(" \t");
        if (at < text.length() && text.charAt(at) == '=') {
          at++;
          skip(" \t");
          parameters.put(token.toLowerCase(Locale.ROOT), value());
        } else {
          add(scheme, parameters);
          scheme = token.toLowerCase(Locale.ROOT);
          parameters = new TreeMap<>();
        }
      }
      add(scheme, parameters);
    }

    private void add(String scheme, Map<String, String> parameters) {
      if (!scheme.isEmpty()) {
        challenges.add(new AuthChallenge(scheme, parameters));
      }
    }

    private void skip(String characters) {
      while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private String token() {
      int start = at;
      while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(start, at);
    }

    private String value() {
      if (at >= text.length() || text.charAt(at) != '"') {
        return token();
      }
      StringBuilder value = new StringBuilder();
      at++;
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at++));
      }
      at++;
      return value.toString();
    }
  }
}
