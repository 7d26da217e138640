package org.bib.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;

/**
 * An unsigned GRUB for UEFI on x86_64, byte for byte what {@code grub-mkimage -O x86_64-efi} makes
 * ({@code util/mkimage.c}, {@code util/grub-mkimagexx.c}).
 */
final class EfiImage {
  /** GRUB's name of the platform. */
  static final String PLATFORM = "x86_64-efi";

  private static final int PAGE = 0x1000;

  /** Headers and their padding: where the first section starts, in file and memory alike. */
  private static final int HEADER = 0x1000;

  private static final int MAX_IMAGE = 64 << 20;

  /** STABLE_EMBEDDING_TIMESTAMP, 2015-01-01. */
  private static final int TIMESTAMP = 1_420_070_400;

  // System V ABI, AMD64 supplement, table 4.9.
  private static final int R_X86_64_64 = 1;
  private static final int R_X86_64_PC32 = 2;
  private static final int R_X86_64_PLT32 = 4;

  private static final int RELA_ENTRY = 24;
  private static final int SYMBOL_ENTRY = 24;
  private static final int SHN_ABS = 0xFFF1;

  /** IMAGE_REL_BASED_DIR64 in the upper four bits. */
  private static final int DIR64 = 0xA000;

  private static final String DOS_STUB =
      "0e1fba0e00b409cd21b8014ccd21"; // prints what follows, exits

  private final ElfFile elf;
  private final long[] addresses;
  private int execSize;
  private int kernelSize;
  private int bssStart;
  private long entry = -1;
  private final List<Integer> fixups = new ArrayList<>();

  private EfiImage(ElfFile elf) {
    this.elf = elf;
    this.addresses = new long[elf.sections().size()];
  }

  /**
   * Builds the image.
   *
   * @param platform modules for x86_64-efi
   * @param modules what it can do without its directory; what they need comes along
   * @param prefix directory on the ESP with {@code grub.cfg}, for example {@code /EFI/debian}
   */
  static byte[] build(GrubPlatform platform, List<String> modules, String prefix)
      throws IOException {
    ElfFile elf = new ElfFile(platform.pathTo("kernel.img"), platform.read("kernel.img"));
    elf.require(/* is64= */ true, ElfFile.MACHINE_X86_64);
    byte[] area =
        platform.moduleArea(
            platform.withDependencies(modules), Optional.empty(), prefix, /* wide= */ true);
    EfiImage image = new EfiImage(elf);
    image.place();
    byte[] kernel = image.link();
    return image.portableExecutable(kernel, area);
  }

  /** Gives every section its address: code, then data, then .bss. */
  private void place() throws BuildException {
    long end = place(0, section -> section.executable());
    execSize = pageUp(end);
    end = place(execSize, section -> !section.executable() && section.withBits());
    bssStart = Math.toIntExact(end);
    end = place(end, section -> !section.executable() && !section.withBits());
    kernelSize = pageUp(end);
  }

  private interface Choice {
    boolean of(ElfFile.Section section);
  }

  private long place(long from, Choice choice) throws BuildException {
    long end = from;
    for (int i = 0; i < addresses.length; i++) {
      ElfFile.Section section = elf.sections().get(i);
      if (section.allocated() && choice.of(section)) {
        long align = section.align();
        end = (end + align - 1) / align * align;
        addresses[i] = end + HEADER;
        end += section.size();
        if (end > MAX_IMAGE) {
          throw elf.malformed("is larger than 64 MiB in memory");
        }
      }
    }
    return end;
  }

  /** The kernel from {@link #HEADER} on, relocated for image base 0. */
  private byte[] link() throws BuildException {
    byte[] kernel = new byte[kernelSize];
    for (int i = 0; i < addresses.length; i++) {
      ElfFile.Section section = elf.sections().get(i);
      if (addresses[i] != 0 && section.withBits()) {
        elf.bytes()
            .get(
                section.offset(),
                kernel,
                Math.toIntExact(addresses[i] - HEADER),
                Math.toIntExact(section.size()));
      }
    }
    ByteBuffer target = ByteBuffer.wrap(kernel).order(ByteOrder.LITTLE_ENDIAN);
    long[] symbols = symbols();
    for (ElfFile.Section section : elf.sections()) {
      if (section.type() == ElfFile.SHT_REL) {
        throw elf.malformed("has relocations without addends");
      }
      if (section.type() == ElfFile.SHT_RELA) {
        relocate(section, symbols, target);
      }
    }
    if (entry < 0) {
      throw elf.malformed("has no symbol _start");
    }
    return kernel;
  }

  private long[] symbols() throws BuildException {
    for (ElfFile.Section section : elf.sections()) {
      if (section.type() == ElfFile.SHT_SYMTAB) {
        ElfFile.Section strings = elf.section(section.link());
        long[] values = new long[Math.toIntExact(section.size() / SYMBOL_ENTRY)];
        for (int i = 0; i < values.length; i++) {
          values[i] = symbol(section.offset() + i * SYMBOL_ENTRY, strings);
        }
        return values;
      }
    }
    throw elf.malformed("has no symbols");
  }

  private long symbol(int at, ElfFile.Section strings) throws BuildException {
    String name = elf.string(strings, elf.bytes().getInt(at) & 0xFFFF_FFFFL);
    int index = elf.bytes().getShort(at + 6) & 0xFFFF;
    long value = elf.bytes().getLong(at + 8);
    if (index == SHN_ABS) {
      return value;
    }
    if (index == 0) {
      if (name.isEmpty()) {
        return value;
      }
      if (name.equals("__bss_start")) {
        return (long) bssStart + HEADER;
      }
      if (name.equals("_end")) {
        return (long) kernelSize + HEADER;
      }
      throw elf.malformed("needs the symbol " + name);
    }
    elf.section(index);
    long address = value + addresses[index];
    if (name.equals("_start")) {
      entry = address;
    }
    return address;
  }

  private void relocate(ElfFile.Section section, long[] symbols, ByteBuffer target)
      throws BuildException {
    ElfFile.Section relocated = elf.section(section.info());
    long base = addresses[section.info()];
    if (base == 0) {
      return; // of a section that is not loaded
    }
    long count = section.size() / RELA_ENTRY;
    for (int i = 0; i < count; i++) {
      int at = section.offset() + i * RELA_ENTRY;
      long offset = elf.bytes().getLong(at);
      int type = elf.bytes().getInt(at + 8);
      int symbol = elf.bytes().getInt(at + 12);
      long addend = elf.bytes().getLong(at + 16);
      int width = type == R_X86_64_64 ? 8 : 4;
      if (symbol < 0 || symbol >= symbols.length) {
        throw elf.malformed("relocates by symbol " + symbol + " of " + symbols.length);
      }
      if (offset < 0 || offset > relocated.size() - width) {
        throw elf.malformed("relocates outside of a section");
      }
      int address = Math.toIntExact(base + offset);
      int where = address - HEADER;
      long value = symbols[symbol] + addend;
      switch (type) {
        case R_X86_64_64 -> {
          target.putLong(where, target.getLong(where) + value);
          fixups.add(address);
        }
        case R_X86_64_PC32, R_X86_64_PLT32 ->
            target.putInt(where, (int) (target.getInt(where) + value - address));
        default -> throw elf.malformed("has a relocation of type " + type);
      }
    }
  }

  private byte[] portableExecutable(byte[] kernel, byte[] area) throws BuildException {
    int modules = pageUp(area.length);
    byte[] relocations = relocations();
    long total = (long) HEADER + kernel.length + modules + relocations.length;
    if (total > MAX_IMAGE) {
      throw elf.malformed("makes an EFI image larger than 64 MiB");
    }
    int size = Math.toIntExact(total);
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    header(out, size, kernel.length, modules, relocations.length);
    int dataSize = kernel.length - execSize;
    int at = HEADER;
    section(out, ".text", at, execSize, 0x6000_0020);
    at += execSize;
    section(out, ".data", at, dataSize, 0xC000_0040);
    at += dataSize;
    section(out, "mods", at, modules, 0xC000_0040);
    at += modules;
    section(out, ".reloc", at, relocations.length, 0x4200_0040);
    out.put(HEADER, kernel);
    out.put(HEADER + kernel.length, area);
    out.put(HEADER + kernel.length + modules, relocations);
    return out.array();
  }

  /** DOS stub, COFF header and optional header (PE/COFF specification, sections 3.1 to 3.4). */
  private void header(ByteBuffer out, int size, int kernel, int modules, int relocations) {
    out.putShort(0, (short) 0x5A4D).putShort(2, (short) 0x90).putShort(4, (short) 3);
    out.putShort(8, (short) 4).putShort(12, (short) 0xFFFF).putShort(16, (short) 0xB8);
    out.putShort(24, (short) 0x40).putInt(0x3C, 0x80);
    byte[] message =
        "This program cannot be run in DOS mode.\r\r\n$".getBytes(StandardCharsets.US_ASCII);
    out.position(0x40);
    for (int i = 0; i < DOS_STUB.length(); i += 2) {
      out.put((byte) Integer.parseInt(DOS_STUB.substring(i, i + 2), 16));
    }
    out.put(message);
    out.position(0x80);
    out.putInt(0x4550); // "PE\0\0"
    out.putShort((short) 0x8664).putShort((short) 4); // machine, sections
    out.putInt(TIMESTAMP).putInt(0).putInt(0);
    out.putShort((short) 0xF0).putShort((short) 0x020E);
    out.putShort((short) 0x020B).putShort((short) 0); // PE32+, linker version
    out.putInt(execSize).putInt(kernel - execSize + modules).putInt(0);
    out.putInt(Math.toIntExact(entry)).putInt(HEADER);
    out.putLong(0); // image base
    out.putInt(PAGE).putInt(PAGE); // section and file alignment
    out.putLong(0).putLong(0); // versions
    out.putInt(size).putInt(HEADER).putInt(0);
    out.putShort((short) 10).putShort((short) 0); // EFI application
    out.putLong(0x10000).putLong(0x10000).putLong(0x10000).putLong(0x10000); // stack, heap
    out.putInt(0).putInt(16); // data directories
    int directories = out.position();
    int baseRelocation = directories + 5 * 8;
    out.putInt(baseRelocation, size - relocations).putInt(baseRelocation + 4, relocations);
    out.position(directories + 16 * 8);
  }

  private static void section(
      ByteBuffer out, String name, int start, int size, int characteristics) {
    int at = out.position();
    out.put(name.getBytes(StandardCharsets.US_ASCII)).position(at + 8);
    out.putInt(size).putInt(start).putInt(size).putInt(start);
    out.putLong(0).putInt(0).putInt(characteristics);
  }

  /** The .reloc section: a block of fixups per page. */
  private byte[] relocations() {
    int blocks = 0;
    int lastPage = -1;
    for (int fixup : fixups) {
      blocks += fixup / PAGE != lastPage ? 1 : 0;
      lastPage = fixup / PAGE;
    }
    ByteBuffer out =
        ByteBuffer.allocate(pageUp(blocks * 16L + fixups.size() * 2L))
            .order(ByteOrder.LITTLE_ENDIAN);
    int block = 0;
    lastPage = -1;
    for (int fixup : fixups) {
      if (fixup / PAGE != lastPage) {
        closeBlock(out, block, (out.position() + 7) / 8 * 8);
        block = out.position();
        lastPage = fixup / PAGE;
        out.putInt(lastPage * PAGE).putInt(0);
      }
      out.putShort((short) (DIR64 | fixup % PAGE));
    }
    // Firmware refuses a block of size 0, so the last one takes all the padding.
    int end = pageUp(out.position());
    closeBlock(out, block, end);
    byte[] section = new byte[end];
    out.get(0, section);
    return section;
  }

  private static void closeBlock(ByteBuffer out, int block, int end) {
    if (end > block) {
      out.putInt(block + 4, end - block);
      out.position(end);
    }
  }

  private static int pageUp(long size) {
    return Math.toIntExact((size + PAGE - 1) / PAGE * PAGE);
  }
}
