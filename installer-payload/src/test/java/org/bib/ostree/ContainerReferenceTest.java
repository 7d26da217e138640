package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerReferenceTest {
  @ParameterizedTest
  @CsvSource({
    "quay.io/a/b:c, docker://quay.io/a/b:c, ostree-unverified-registry:quay.io/a/b:c",
    "localhost:5000/a, docker://localhost:5000/a, ostree-unverified-registry:localhost:5000/a",
    "docker://quay.io/a, docker://quay.io/a, ostree-unverified-registry:quay.io/a",
    "registry:quay.io/a, docker://quay.io/a, ostree-unverified-registry:quay.io/a",
    "oci:/d:t, oci:/d:t, ostree-unverified-image:oci:/d:t",
    "oci-archive:/f, oci-archive:/f, ostree-unverified-image:oci-archive:/f",
    "ostree-unverified-registry:q.io/a:b, docker://q.io/a:b, ostree-unverified-registry:q.io/a:b",
    "ostree-unverified-image:docker://q/a, docker://q/a, ostree-unverified-registry:q/a",
    "ostree-unverified-image:oci:/d, oci:/d, ostree-unverified-image:oci:/d",
    "ostree-image-signed:docker://q/a, docker://q/a, ostree-image-signed:docker://q/a",
    "ostree-image-signed:registry:q/a, docker://q/a, ostree-image-signed:docker://q/a",
    "ostree-remote-registry:r:q/a:b, docker://q/a:b, ostree-remote-registry:r:q/a:b",
    "ostree-remote-image:r:docker://q/a, docker://q/a, ostree-remote-registry:r:q/a",
    "ostree-remote-image:r:oci:/d, oci:/d, ostree-remote-image:r:oci:/d"
  })
  void isReadAndWrittenAsOstreeExtDoes(String text, String transport, String origin) {
    ContainerReference reference = ContainerReference.parse(text);
    assertThat(reference.transport()).isEqualTo(transport);
    assertThat(reference.origin()).isEqualTo(origin);
  }
}
