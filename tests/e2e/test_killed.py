"""Bring-up is killed at five points, and finished by the same command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit import PACKAGES, Kit
from kubernetes_lab import Bench
from minilab import Lab
from minilab.spec import RUNTIME

pytestmark = [pytest.mark.lab, pytest.mark.kubernetes, pytest.mark.slow]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Lab([{"name": "cp1", **RUNTIME}, {"name": "w1", **RUNTIME}, "lb1"], packages=PACKAGES) as lab:
        yield Bench(lab, tmp_path_factory.mktemp("controller"), Kit())


def test_killed_at_five_points_the_same_command_completes(bench: Bench) -> None:
    """What was done stays: the API server's data are those of the first init."""
    bench.kill_at("step.started", "init-control-plane")
    bench.kill_at("step.finished", "init-control-plane")
    uid = _uid_of_the_cluster(bench)
    bench.kill_at("step.started", "join-worker")
    bench.kill_at("step.finished", "join-worker")
    bench.kill_at("step.started", "apply-network-plugin")
    bench.make()
    assert _uid_of_the_cluster(bench) == uid
    assert bench.controller.json("get-cluster", "--name", "demo")[0]["ProvisioningState"] == "Deployed"


def _uid_of_the_cluster(bench: Bench) -> str:
    command = "kubectl --kubeconfig /etc/kubernetes/admin.conf get namespace kube-system -o 'jsonpath={.metadata.uid}'"
    uid = bench.lab["cp1"].ssh(command).stdout.strip()
    assert len(uid) == 36
    return uid
