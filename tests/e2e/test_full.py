"""Three control planes behind a pair: what has to outlive a host does, and all of it is made twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit import PACKAGES, Kit
from kubernetes_lab import Bench, wait
from minilab import Lab
from minilab.spec import RUNTIME

pytestmark = [pytest.mark.lab, pytest.mark.kubernetes, pytest.mark.slow]
NODES = ("cp1", "cp2", "cp3", "w1", "w2")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Lab([*({"name": name, **RUNTIME} for name in NODES), "lb1", "lb2"], packages=PACKAGES) as lab:
        yield Bench(lab, tmp_path_factory.mktemp("controller"), Kit())


def test_it_comes_up_in_one_command(bench: Bench) -> None:
    bench.make()
    bench.controller.run("get-credential", "--name", "demo", "--config-path", str(bench.kubeconfig), "--yes")
    assert bench.ready() == dict.fromkeys(NODES, "True")
    members = bench.kubectl("-n", "kube-system", "get", "pods", "-l", "component=etcd", "-o", "name").split()
    assert len(members) == 3


def test_the_api_outlives_the_load_balancer_that_has_the_vip(bench: Bench) -> None:
    holder = next(n for n in ("lb1", "lb2") if "10.77.0.200/" in bench.lab[n].shell("ip -o -4 address").stdout)
    bench.lab[holder].off(cut=True)
    wait(30, "the API through the VIP", lambda: _answers(bench))
    bench.lab[holder].on()


def test_the_api_outlives_a_control_plane(bench: Bench) -> None:
    bench.lab["cp1"].off(cut=True)
    wait(60, "the API without the first control plane", lambda: _answers(bench))
    bench.lab["cp1"].on()
    wait(120, "all nodes Ready", lambda: _answers(bench) and bench.ready() == dict.fromkeys(NODES, "True"))


def test_removed_and_made_again_on_the_same_hosts(bench: Bench) -> None:
    bench.controller.run("remove-cluster", "--name", "demo", "--yes", timeout=400)
    bench.make()
    bench.controller.run("get-credential", "--name", "demo", "--config-path", str(bench.kubeconfig), "--yes")
    assert bench.ready() == dict.fromkeys(NODES, "True")


def _answers(bench: Bench) -> bool:
    try:
        return bench.kubectl("--request-timeout=3s", "get", "--raw", "/healthz") == "ok"
    except AssertionError:
        return False
