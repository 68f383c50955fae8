"""A Windows host's networks: none before its node has joined, one of the plugin's after that."""

from __future__ import annotations

import pytest

from aksprov.checks.compile import Question
from aksprov.checks.windows import windows_probes
from aksprov.model.bundle import ADMINISTRATORS, Bundle, BundleFile

SERVICES = BundleFile(
    path="C:/ProgramData/aksprov/services.json", content="{}", reader="services", cluster="demo", owner=ADMINISTRATORS
)


@pytest.mark.parametrize(
    ("networks", "kubeconfig", "result"),
    [
        (("nat nat",), "missing", "Skipped"),
        (("nat nat",), "file - - 00", "Failed"),
        (("nat nat", "Overlay Calico"), "file - - 00", "Passed"),
        (("Overlay flannel.4096",), "file - - 00", "Passed"),
    ],
)
def test_networks(networks: tuple[str, ...], kubeconfig: str, result: str) -> None:
    probes = windows_probes(Bundle(host="win1", files=(SERVICES,)))
    (probe,) = (probe for probe in probes if probe.test_name == "HnsNetworks")
    answers = {
        Question(kind="network"): networks,
        Question(kind="file", value="C:/etc/kubernetes/kubelet.conf"): (kubeconfig,),
    }
    assert probe.judge(answers).result == result
