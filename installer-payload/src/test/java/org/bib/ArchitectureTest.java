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
  void packagesAreFreeOfCycles() {
    slices().matching("org.bib.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void onlyTheFlowKnowsTheFlow() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.bib.scratch",
            "org.bib.oci",
            "org.bib.cache",
            "org.bib.rootfs",
            "org.bib.ostree",
            "org.bib.boot",
            "org.bib.lint",
            "org.bib.mount",
            "org.bib.settings",
            "org.bib.units",
            "org.bib.selinux",
            "org.bib.inspect")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bib.build")
        .check(CLASSES);
  }

  @Test
  void deploymentBootLoaderAndLintWriteNoFiles() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.bib.ostree",
            "org.bib.boot",
            "org.bib.secrets",
            "org.bib.lint",
            "org.bib.mount",
            "org.bib.settings",
            "org.bib.units",
            "org.bib.selinux")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.net..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.io.File")
        .check(CLASSES);
  }

  @Test
  void nothingStartsAProcess() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "org.bib.scratch",
            "org.bib.oci",
            "org.bib.cache",
            "org.bib.rootfs",
            "org.bib.ostree",
            "org.bib.boot",
            "org.bib.lint",
            "org.bib.selinux",
            "org.bib.inspect",
            "org.bib.build")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.ProcessBuilder")
        .check(CLASSES);
  }
}
