package org.bib.disk;

/** Is told what of a disk is damaged, while the rest of it is read on. */
@FunctionalInterface
public interface DamageListener {
  /**
   * Takes one damage.
   *
   * @param where path or structure
   * @param what is wrong with it
   */
  void damaged(String where, String what);
}
