package org.bib.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;

/**
 * GRUB's {@code core.img} for i386-pc: a sector that loads the rest, a decompressor, and the kernel
 * with its first modules compressed. As {@code grub-mkimage -O i386-pc} lays it out ({@code
 * util/mkimage.c}, {@code include/grub/offsets.h}).
 */
final class CoreImage {
  /** GRUB_KERNEL_I386_PC_LINK_ADDR. */
  private static final long LINK_ADDRESS = 0x9000;

  private static final int SECTOR = 512;

  // include/grub/offsets.h, GRUB_DECOMPRESSOR_I386_PC_*.
  private static final int COMPRESSED_SIZE = 0x08;
  private static final int UNCOMPRESSED_SIZE = 0x0C;
  private static final int MAX_DECOMPRESSOR = 0x9000 - 0x8200;

  // The compressed image is read to 0x8200 and must end below 0x78000; the kernel is unpacked at
  // 1 MiB and moved to 0x9000, below 0x68000.
  private static final long MAX_COMPRESSED = 0x78000 - 0x9000;
  private static final long MAX_KERNEL = 0x68000 - 0x9000;

  // diskboot.S: the first block list record ends the sector.
  private static final int BLOCK_START = 0x1F4;
  private static final int BLOCK_COUNT = 0x1FC;
  private static final int BLOCK_SEGMENT = 0x1FE;
  private static final int LOAD_SEGMENT = 0x820;

  private final byte[] bytes;

  private CoreImage(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Builds the image.
   *
   * @param platform modules for i386-pc
   * @param modules those that reach the boot filesystem; what they need comes along
   * @param prefix GRUB's directory, for example {@code (,gpt3)/grub2}
   */
  static CoreImage build(GrubPlatform platform, List<String> modules, String prefix)
      throws IOException {
    byte[] payload = payload(platform, modules, prefix);
    byte[] decompressor = platform.read("lzma_decompress.img");
    String decompressorPath = platform.pathTo("lzma_decompress.img");
    if (decompressor.length < 0x20 || decompressor.length > MAX_DECOMPRESSOR) {
      throw ImageFiles.malformed(decompressorPath, "has " + decompressor.length + " bytes");
    }
    byte[] diskboot = platform.read("diskboot.img");
    if (diskboot.length != SECTOR) {
      throw ImageFiles.malformed(
          platform.pathTo("diskboot.img"), "has " + diskboot.length + " bytes, not 512");
    }
    byte[] compressed = compress(payload);
    if (decompressor.length + compressed.length > MAX_COMPRESSED) {
      throw ImageFiles.malformed(
          platform.pathTo("kernel.img"), "makes a core image too large for the BIOS");
    }
    ByteBuffer header = ByteBuffer.wrap(decompressor).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(COMPRESSED_SIZE, compressed.length);
    header.putInt(UNCOMPRESSED_SIZE, payload.length);
    int length = SECTOR + decompressor.length + compressed.length;
    ByteBuffer image = ByteBuffer.allocate((length + SECTOR - 1) / SECTOR * SECTOR);
    image.put(diskboot).put(decompressor).put(compressed);
    return new CoreImage(image.array());
  }

  /** What the decompressor unpacks: kernel, module area. */
  static byte[] payload(GrubPlatform platform, List<String> modules, String prefix)
      throws IOException {
    byte[] kernel = kernel(platform);
    byte[] area =
        platform.moduleArea(
            platform.withDependencies(modules), Optional.empty(), prefix, /* wide= */ false);
    ByteBuffer payload = ByteBuffer.allocate(kernel.length + area.length);
    return payload.put(kernel).put(area).array();
  }

  /**
   * The image in memory of an ELF32 kernel, without .bss. GRUB knows its length from a symbol, so
   * it is never padded.
   */
  private static byte[] kernel(GrubPlatform platform) throws IOException {
    ElfFile elf = new ElfFile(platform.pathTo("kernel.img"), platform.read("kernel.img"));
    elf.require(/* is64= */ false, ElfFile.MACHINE_386);
    long length = 0;
    for (ElfFile.Section section : elf.sections()) {
      if (section.allocated()) {
        long start = section.address() - LINK_ADDRESS;
        if (start < 0 || start + section.size() > MAX_KERNEL) {
          throw elf.malformed("has a section outside of GRUB's memory");
        }
        if (section.withBits()) {
          length = Math.max(length, start + section.size());
        }
      }
    }
    if (length == 0) {
      throw elf.malformed("has nothing to load");
    }
    byte[] kernel = new byte[Math.toIntExact(length)];
    for (ElfFile.Section section : elf.sections()) {
      if (section.allocated() && section.withBits()) {
        elf.bytes()
            .get(
                section.offset(),
                kernel,
                Math.toIntExact(section.address() - LINK_ADDRESS),
                Math.toIntExact(section.size()));
      }
    }
    return kernel;
  }

  /** A bare LZMA1 stream with the parameters that GRUB's decompressor is compiled for. */
  private static byte[] compress(byte[] payload) throws IOException {
    LZMA2Options options = new LZMA2Options();
    options.setDictSize(1 << 16);
    options.setLcLp(3, 0);
    options.setPb(2);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (LZMAOutputStream lzma = new LZMAOutputStream(out, options, /* useEndMarker= */ true)) {
      lzma.write(payload);
    }
    return out.toByteArray();
  }

  /** Length in bytes, whole sectors. */
  int size() {
    return bytes.length;
  }

  /** The image as it is to be written at {@code lba}. */
  byte[] at(long lba) {
    byte[] placed = bytes.clone();
    ByteBuffer sector = ByteBuffer.wrap(placed).order(ByteOrder.LITTLE_ENDIAN);
    sector.putLong(BLOCK_START, lba + 1);
    sector.putShort(BLOCK_COUNT, (short) (placed.length / SECTOR - 1));
    sector.putShort(BLOCK_SEGMENT, (short) LOAD_SEGMENT);
    // The list grows downwards and ends at a count of 0.
    sector.putLong(BLOCK_START - 12, 0);
    sector.putInt(BLOCK_START - 4, 0);
    return placed;
  }
}
