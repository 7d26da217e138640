package org.bib.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bib.failure.BuildException;

/**
 * A little-endian ELF file of either class (System V gABI, chapter 4). Every offset in it is
 * checked: the file comes from the image.
 */
final class ElfFile {
  static final int SHT_PROGBITS = 1;
  static final int SHT_SYMTAB = 2;
  static final int SHT_STRTAB = 3;
  static final int SHT_RELA = 4;
  static final int SHT_NOBITS = 8;
  static final int SHT_REL = 9;
  static final long SHF_ALLOC = 2;
  static final long SHF_EXECINSTR = 4;
  static final int MACHINE_386 = 3;
  static final int MACHINE_X86_64 = 62;

  private static final int CLASS_64 = 2;

  /** A section header; file range and alignment are valid. */
  record Section(
      long type, long flags, long address, int offset, long size, int link, int info, long align) {
    boolean allocated() {
      return (flags & SHF_ALLOC) != 0;
    }

    boolean executable() {
      return (flags & SHF_EXECINSTR) != 0;
    }

    boolean withBits() {
      return type != SHT_NOBITS;
    }
  }

  private final String name;
  private final ByteBuffer bytes;
  private final boolean wide;
  private final int machine;
  private final List<Section> sections = new ArrayList<>();

  /**
   * Reads the headers.
   *
   * @param name path in the image, for messages
   */
  ElfFile(String name, byte[] file) throws BuildException {
    this.name = name;
    this.bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length < 52 || bytes.getInt(0) != 0x464C_457F || file[5] != 1) {
      throw malformed("is not a little-endian ELF file");
    }
    wide = file[4] == CLASS_64;
    if (wide && file.length < 64) {
      throw malformed("ends within the ELF header");
    }
    machine = bytes.getShort(18) & 0xFFFF;
    long table = wide ? bytes.getLong(40) : bytes.getInt(32) & 0xFFFF_FFFFL;
    int entry = bytes.getShort(wide ? 58 : 46) & 0xFFFF;
    int count = bytes.getShort(wide ? 60 : 48) & 0xFFFF;
    if (entry < (wide ? 64 : 40) || !inside(table, (long) entry * count)) {
      throw malformed("has a section table outside of the file");
    }
    for (int i = 0; i < count; i++) {
      sections.add(section(Math.toIntExact(table + (long) i * entry)));
    }
  }

  private Section section(int at) throws BuildException {
    long type = bytes.getInt(at + 4) & 0xFFFF_FFFFL;
    long flags = wide ? bytes.getLong(at + 8) : u32(at + 8);
    long address = wide ? bytes.getLong(at + 16) : u32(at + 12);
    long offset = wide ? bytes.getLong(at + 24) : u32(at + 16);
    long size = wide ? bytes.getLong(at + 32) : u32(at + 20);
    int link = bytes.getInt(at + (wide ? 40 : 24));
    int info = bytes.getInt(at + (wide ? 44 : 28));
    long align = wide ? bytes.getLong(at + 48) : u32(at + 32);
    if (type == SHT_NOBITS || type == 0) {
      offset = 0;
      if (size < 0 || size > Integer.MAX_VALUE) {
        throw malformed("has a section of " + Long.toUnsignedString(size) + " bytes");
      }
    } else if (!inside(offset, size)) {
      throw malformed("has a section outside of the file");
    }
    if (align < 0 || align > 4096 || Long.bitCount(align) > 1) {
      throw malformed("has a section aligned to " + Long.toUnsignedString(align));
    }
    return new Section(
        type, flags, address, Math.toIntExact(offset), size, link, info, Math.max(1, align));
  }

  /** Requires the class and the machine that the platform has. */
  void require(boolean is64, int wantedMachine) throws BuildException {
    if (wide != is64 || machine != wantedMachine) {
      throw malformed("is an ELF file for machine " + machine + ", not " + wantedMachine);
    }
  }

  List<Section> sections() {
    return sections;
  }

  /** The section with that number. */
  Section section(long number) throws BuildException {
    if (number < 0 || number >= sections.size()) {
      throw malformed("refers to section " + number + " of " + sections.size());
    }
    return sections.get(Math.toIntExact(number));
  }

  /** The whole file, little-endian. */
  ByteBuffer bytes() {
    return bytes;
  }

  /** A string of a string table. */
  String string(Section table, long at) throws BuildException {
    if (table.type() != SHT_STRTAB || at < 0 || at >= table.size()) {
      throw malformed("refers outside of its string table");
    }
    int start = Math.toIntExact(table.offset() + at);
    int limit = Math.toIntExact(table.offset() + table.size());
    int end = start;
    while (end < limit && bytes.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - start];
    bytes.get(start, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  BuildException malformed(String reason) {
    return ImageFiles.malformed(name, reason);
  }

  private long u32(int at) {
    return bytes.getInt(at) & 0xFFFF_FFFFL;
  }

  private boolean inside(long offset, long length) {
    return offset >= 0 && length >= 0 && length <= bytes.capacity() - offset;
  }
}
