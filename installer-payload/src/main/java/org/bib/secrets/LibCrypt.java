package org.bib.secrets;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.In;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** {@code crypt_r(3)} of libcrypt. */
final class LibCrypt {
  // glibc's struct crypt_data has 131,232 bytes, libxcrypt's 32,768; both want it zeroed.
  private static final int CRYPT_DATA_BYTES = 256 << 10;
  // Debian has the first name, Fedora the second.
  private static final List<String> SONAMES = List.of("libcrypt.so.1", "libcrypt.so.2");

  private LibCrypt() {}

  /** Public only because jnr-ffi implements it from another class loader. */
  public interface Functions {
    @IgnoreError
    @Nullable String crypt_r(@In byte[] phrase, @In byte[] setting, Pointer data);
  }

  private static final class Holder {
    static final Functions CRYPT = load();

    private Holder() {}

    private static Functions load() {
      UnsatisfiedLinkError first = null;
      for (String soname : SONAMES) {
        try {
          return LibraryLoader.create(Functions.class).failImmediately().load(soname);
        } catch (UnsatisfiedLinkError e) {
          first = first == null ? e : first;
        }
      }
      throw first == null ? new UnsatisfiedLinkError("libcrypt") : first;
    }
  }

  /**
   * Hashes a password.
   *
   * @param setting prefix and salt, as crypt(5) writes them
   * @throws BuildException if libcrypt is missing or does not know the kind of hash
   */
  static String hash(String password, String setting) throws BuildException {
    Functions crypt;
    try {
      crypt = Holder.CRYPT;
    } catch (LinkageError e) {
      throw new BuildException(
          "passwords cannot be hashed: libcrypt.so.1 is missing",
          "install libcrypt1 (Debian) or libxcrypt (Fedora), or give the password as a hash",
          e);
    }
    Pointer data = Memory.allocateDirect(Runtime.getRuntime(crypt), CRYPT_DATA_BYTES, true);
    byte[] phrase = cString(password);
    try {
      String hash = crypt.crypt_r(phrase, cString(setting), data);
      // crypt(3): failure is NULL, or a string that no hash can be.
      if (hash == null || !hash.startsWith(setting)) {
        throw new BuildException(
            "passwords cannot be hashed: libcrypt refuses " + setting.replaceAll("\\$[^$]*$", "$"),
            "give the password as a hash");
      }
      return hash;
    } finally {
      Arrays.fill(phrase, (byte) 0);
      data.setMemory(0, CRYPT_DATA_BYTES, (byte) 0);
    }
  }

  private static byte[] cString(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }
}
