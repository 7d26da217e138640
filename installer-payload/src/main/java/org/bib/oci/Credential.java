package org.bib.oci;

/**
 * What proves who asks. Never shows its secret.
 *
 * @param user empty for an identity token
 * @param identityToken whether {@code secret} is an OAuth2 refresh token instead of a password
 * @param origin where it was found, for messages
 */
record Credential(String user, String secret, boolean identityToken, String origin) {
  @Override
  public String toString() {
    return "credentials of " + origin;
  }
}
