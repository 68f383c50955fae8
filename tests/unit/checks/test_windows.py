"""A Windows host's networks: none before its node has joined, one of the plugin's after that."""

from __future__ import annotations

import asyncio

import pytest

from aksprov.checks import windows_network
from aksprov.checks.compile import Question
from aksprov.checks.windows import windows_probes
from aksprov.model.bundle import ADMINISTRATORS, Bundle, BundleFile
from aksprov.model.host import Host
from aksprov.model.transport import Completed

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


class Shown:
    """A connection to a host that shows other networks each time it is asked."""

    host = Host(name="win1", address="10.0.0.31", os="windows")

    def __init__(self, *networks: str) -> None:
        self.networks = list(networks)

    async def run(self, script: str, stdin: bytes = b"") -> Completed:
        shown = self.networks.pop(0) if len(self.networks) > 1 else self.networks[0]
        return Completed(status=0, stdout=f"{shown}end\n".encode())


NAT = "network\t-\tnat nat\n"


@pytest.mark.parametrize(
    ("networks", "result", "words"),
    [
        ((NAT, "", f"{NAT}network\t-\tOverlay Calico\n"), "Passed", "Calico"),
        ((NAT,), "Failed", "Get-HnsNetwork has nat"),
        (("",), "Failed", "Get-HnsNetwork has none"),
        (("network\t-\tOverlay Calico_old\n",), "Failed", "Calico_old"),
    ],
)
def test_the_plugins_network_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, networks: tuple[str, ...], result: str, words: str
) -> None:
    monkeypatch.setattr(windows_network, "PAUSE_SECONDS", 0)
    row = asyncio.run(windows_network.await_network(Shown(*networks), "Calico", cluster="demo", seconds=0.05))  # type: ignore[arg-type]
    assert (row.test_name, row.test_result, row.host, words in row.details) == ("HnsNetworks", result, "win1", True)
    assert ("kubectl" in row.recommendation) is (result == "Failed")
