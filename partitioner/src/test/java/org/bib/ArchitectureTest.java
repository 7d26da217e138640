package org.bib;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.bib");

  @Test
  void planningDoesNoInputOrOutput() {
    noClasses()
        .that()
        .resideInAPackage("org.bib.layout..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.nio.file..", "jnr..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.ProcessBuilder")
        .check(CLASSES);
  }

  @Test
  void composefsImagesAndVerityDigestsAreMadeOfValues() {
    noClasses()
        .that()
        .resideInAnyPackage("org.bib.composefs", "org.bib.fsverity")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "jnr..", "org.bib.ext4")
        .check(CLASSES);
  }

  @Test
  void packagesAreFreeOfCycles() {
    slices().matching("org.bib.(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
