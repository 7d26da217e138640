package org.bib.mount;

/**
 * A filesystem or swap area that the installed system is to use: the fields of fstab(5).
 *
 * @param what the source, such as {@code UUID=...}
 * @param where absolute path, {@code none} for swap
 * @param type of the filesystem, {@code auto} or {@code swap}
 * @param options separated by commas
 * @param frequency of dumps
 * @param pass of fsck, 0 for none
 */
public record Mount(
    String what, String where, String type, String options, long frequency, long pass) {}
