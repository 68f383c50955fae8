"""Two operators at once: one removes what the other has just changed, or changes what the other has just removed.

Seen to fail with each of these taken out:

- workflows/remove_cluster.py, ``check_unchanged``: the cluster went without w2, whose address was free again while
  w2 had the cluster's files;
- workflows/cluster_apply.py, ``_refuse_removed``: w2 was configured, clean hosts had manifests again, and the next
  removal failed on them;
- workflows/pool_shrink.py, ``refuse_leaving`` and ``check_unchanged``: it went on (exit code 1), and w2 had a folder of
  ours again.
"""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from configured import NETWORK
from controller import Controller
from minilab import Lab
from trio import CLUSTER, ROLES, release, trap, until

pytestmark = pytest.mark.slow
SIZE = ("set-node-pool", "--cluster-name", "demo", "--name", "linuxpool", "--count")
REMOVE = ("remove-cluster", "--name", "demo")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A network and four hosts, two of them workers."""
    roles = {**ROLES, "w2": "worker"}
    with Lab(list(roles)) as lab:
        controller = Controller(lab, tmp_path_factory.mktemp("controller"))
        controller.run(*NETWORK)
        more = {name: {"roles": [role]} for name, role in roles.items()}
        controller.run("add-host", "--file", controller.write_hosts(more=more))
        yield controller


@pytest.fixture
def cluster(inventory: Controller) -> Iterator[Controller]:
    """The cluster with one worker; whatever is left of it goes."""
    inventory.run(*CLUSTER)
    yield inventory
    if inventory.json("get-cluster"):
        inventory.run(*REMOVE, "--yes")
    assert homes(inventory) == []


@contextmanager
def at_its_question(controller: Controller, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that waits for somebody's answer, which is yes after the body."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        controller.argv(*arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=controller.environment,
        cwd=controller.directory,
    )
    os.close(theirs)
    text = ""
    while "[y/N]" not in text:
        text += os.read(ours, 65536).decode("utf-8", "replace")
    yield process
    os.write(ours, b"y\n")
    process.wait(120)
    os.close(ours)


def homes(controller: Controller) -> list[str]:
    """Hosts that have something of ours."""
    look = "ls -d /var/lib/aksprov /etc/kubernetes/aksprov 2>/dev/null"
    return [name for name in controller.lab.hosts if controller.lab[name].shell(look, check=False).stdout]


def used(controller: Controller) -> dict[str, Any]:
    """Addresses that somebody has, by whom."""
    (network,) = controller.json("get-cluster-network", "--name", "labnet", "--addresses")
    return {a["Address"]: a["Owner"] for a in network["Addresses"] if a["State"] not in ("Free", "Host")}


def test_a_host_that_came_while_a_removal_was_asked_about_is_not_forgotten(cluster: Controller) -> None:
    with at_its_question(cluster, *REMOVE) as removal:
        cluster.run(*SIZE, "2")
        before = used(cluster)
    assert removal.returncode == 75
    assert used(cluster) == before
    assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Configured"
    assert homes(cluster) == ["cp1", "lb1", "w1", "w2"]


def test_a_host_that_is_on_its_way_to_a_cluster_that_is_removed_gets_nothing(cluster: Controller) -> None:
    """The removal does not reach a host, so that the cluster is still recorded."""
    new, away = cluster.lab["w2"], cluster.lab["w1"]
    trap(new, "sha256sum", 0)
    growing = cluster.start(*SIZE, "2")
    until(lambda: new.shell("ls /run/stopped", check=False).stdout)
    away.cable(plugged=False)
    cluster.run(*REMOVE, "--yes", check=1)
    release(new, "sha256sum")
    _, said = growing.communicate(timeout=120)
    away.cable(plugged=True)
    assert growing.returncode == 65, said
    assert "ClusterDeleting" in said
    assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Deleting"
    assert homes(cluster) == ["w1"]


def test_nodes_do_not_leave_a_cluster_that_was_removed_while_it_was_asked(cluster: Controller) -> None:
    cluster.run(*SIZE, "2")
    with at_its_question(cluster, *SIZE, "1") as shrinking:
        cluster.run(*REMOVE, "--yes")
    assert shrinking.returncode == 75
    assert cluster.json("get-cluster") == []
    assert used(cluster) == {} and homes(cluster) == []
