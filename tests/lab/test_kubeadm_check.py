"""The host's own kubeadm is asked about its documents; a real one that cannot say: 1.20 has no ``config validate``.

Seen to fail with the exit code in place of the help's text: ConfigRefused, unknown flag: --config.
"""

from __future__ import annotations

import base64
import lzma
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from minilab import Lab
from transport_lab import deliver, entry, file, on_host

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def lab() -> Iterator[Lab]:
    (folder,) = Path(os.environ["AKSPROV_TEST_KUBERNETES"]).glob("v1.20.*")
    program = lzma.decompress((folder / "bin/kubeadm.xz").read_bytes())
    with Lab(["h1"]) as lab:
        lab["h1"].ssh("base64 -d >/usr/bin/kubeadm", input=base64.b64encode(program).decode())
        lab["h1"].ssh("chmod 755 /usr/bin/kubeadm")
        with lab.netns():
            yield lab


def test_a_kubeadm_that_cannot_validate_is_not_asked(lab: Lab) -> None:
    join = file("/etc/kubernetes/aksprov/kubeadm-join.yaml", "kind: JoinConfiguration\n", "kubeadm")
    receipt = on_host(entry(lab, "h1"), lambda c: c.put_bundle(deliver([join], ("kubeadm",))))
    (step,) = receipt.steps
    assert (step.step, step.result) == ("kubeadm", "done") and "cannot validate" in step.details
