package org.bib.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("org.bib.cli", "org.bib.config", "org.bib.report");

  @Test
  void configurationAndReportKnowNothingOfTheCommandLine() {
    noClasses()
        .that()
        .resideInAnyPackage("org.bib.config", "org.bib.report")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.bib.cli", "picocli..")
        .check(CLASSES);
  }

  @Test
  void configurationAndReportKnowNothingOfEachOther() {
    noClasses()
        .that()
        .resideInAPackage("org.bib.config")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bib.report")
        .check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage("org.bib.report")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bib.config")
        .check(CLASSES);
  }

  @Test
  void oneClassAdaptsEachLibrary() {
    noClasses()
        .that()
        .haveNameNotMatching(
            "org\\.bib\\.(config\\.ConfigurationFile|report\\.(JsonRenderer|CacheListing).*)")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("com.fasterxml..")
        .check(CLASSES);
    noClasses()
        .that()
        .haveNameNotMatching("org\\.bib\\.config\\.YamlDocument")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.yaml..")
        .check(CLASSES);
    noClasses()
        .that()
        .haveNameNotMatching("org\\.bib\\.report\\.Term.*")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("me.tongfei..")
        .check(CLASSES);
  }
}
