"""`kill -9` of aksprov and power cuts of hosts: the same command then completes, and nothing is done twice or lost.

Events come out of the program by --events; a host is stopped by a program in place of ``mv`` that counts.
Nothing of the product knows of either.

Seen to fail with each of these taken out:

- state/journal.py, an unfinished run is gone on with: another run began (4 instead of 3);
- posix/recover.sh, the wait for the lock: the next run failed while the killed one's host was still swapping;
- posix/recover.sh, ``put_back``: after the power cut the old files of the swap lay about.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from configured import PORT
from trio import CLUSTER, OLD_PORT, ROLES, Trio, listens, litter, release, trap, until

from aksprov.model.plan import StepName

STEPS = (
    "ca", "modules", "sysctl", "systemd", "containerd", "kubeadm", "named", "haproxy", "keepalived", "data", "manifest",
)  # fmt: skip
TESTS = Path(__file__).parents[2]
WINDOWS = "lab/test_windows_put.py::test_a_killed_run_is_put_back_and_goes_on"
FIVE_POINTS = "e2e/test_cluster.py::test_killed_at_five_points_the_same_command_completes"
LEAVING = "e2e/test_control_planes.py::test_one_leaves_and_its_host_is_as_it_was_found"
# Steps that this cluster does not have, and where a test kills at them.
ELSEWHERE: dict[StepName, str] = {
    "network": "lab/test_static_addresses.py::test_killed_when_addresses_are_set_the_same_command_completes",
    "features": WINDOWS,
    "firewall": WINDOWS,
    "services": WINDOWS,
    "prepare-host": "e2e/test_bare.py::test_killed_and_out_of_room_the_same_command_completes",
    "fetch-bundle": "lab/test_serving.py::test_a_killed_run_leaves_a_server_that_ends_at_the_next_contact",
    "push-bundle": "lab/test_serving.py::test_a_push_that_was_cut_goes_on_where_it_stopped",
    "init-control-plane": FIVE_POINTS,
    "join-worker": FIVE_POINTS,
    "apply-network-plugin": FIVE_POINTS,
    "join-control-plane": "e2e/test_control_planes.py::test_two_more_control_planes_join",
    "drain-node": LEAVING,
    "remove-etcd-member": LEAVING,
    "end-kubernetes": LEAVING,
    "delete-node": "e2e/test_control_planes.py::test_the_first_control_plane_leaves_when_it_does_not_answer",
}
MOMENTS = [f"step.{end} {step}" for step in STEPS for end in ("started", "finished")]
MOMENTS += ["run.started", "host.started", "host.finished"]
IN_CI = ("step.started haproxy",)
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def order(trio: Trio) -> list[str]:
    """ "KIND STEP" of each event of a run over hosts that nobody has configured, in order."""
    trio.forget_files()
    trio.run(check=0)
    return [f"{event['kind']} {event.get('step', '')}".strip() for event in trio.events()]


def test_there_is_no_step_at_which_no_test_kills() -> None:
    assert {*STEPS, *ELSEWHERE} == set(get_args(StepName))
    for place in ELSEWHERE.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(), place


@pytest.mark.strace
@pytest.mark.parametrize("moment", [pytest.param(m, marks=() if m in IN_CI else slow, id=m) for m in MOMENTS])
def test_killed_at_a_step_the_same_command_completes(trio: Trio, order: list[str], moment: str) -> None:
    trio.forget_files()
    old = len(trio.journal())
    kill_at(trio, order.index(moment))
    completed = {row[:4] for row in trio.journal()[old:] if row[4] == "done"}
    mark, runs = len(trio.journal()), trio.runs()
    authority = trio.lab["cp1"].shell("cat /etc/kubernetes/pki/ca.crt", check=False).stdout

    said = trio.run(check=0).stdout
    assert "ProvisioningState     : Configured" in said
    assert not completed & {row[:4] for row in trio.journal()[mark:]}
    assert trio.runs() == runs
    if authority:
        assert trio.lab["cp1"].shell("cat /etc/kubernetes/pki/ca.crt").stdout == authority
    assert trio.plan() == []
    assert trio.is_whole()


def kill_at(trio: Trio, event: int, command: Sequence[str] = CLUSTER) -> None:
    """Run aksprov until it writes the event of that number, from 0: the kernel kills it there (strace(1), "inject")."""
    argv = trio.controller.argv(*trio.argv(command))
    trio.events_file.touch()
    inject = ["-e", "trace=write", "-e", f"inject=write:signal=KILL:when={event + 1}"]
    strace = [shutil.which("strace") or "strace", "-f", "-qq", "-o", "/dev/null", "-P", str(trio.events_file), *inject]
    done = subprocess.run(
        [*strace, *argv],
        capture_output=True,
        text=True,
        timeout=180,
        env=trio.controller.environment,
        cwd=trio.controller.directory,
        check=False,
    )
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), (done.returncode, done.stdout, done.stderr)
    assert len(trio.events()) == event


REMOVAL = "remove-cluster --name demo --yes".split()
LEAVING_MOMENTS = (
    "run.started",
    "host.started",
    "step.started keepalived",
    "step.finished keepalived",
    "step.finished manifest",
    "host.finished",
)


@pytest.mark.slow
@pytest.mark.strace
@pytest.mark.parametrize("moment", LEAVING_MOMENTS)
def test_killed_while_the_cluster_leaves_the_same_command_completes(trio: Trio, moment: str) -> None:
    """No host has anything of it then, and what was done is not done again."""
    trio.run(check=0)
    trio.controller.run(*trio.argv(REMOVAL))
    order = [f"{event['kind']} {event.get('step', '')}".strip() for event in trio.events()]
    trio.run(check=0)
    old = len(trio.journal())
    kill_at(trio, order.index(moment), REMOVAL)
    completed = {row[1:4] for row in trio.journal()[old:] if row[4] == "done"}
    mark = len(trio.journal())
    trio.controller.run(*REMOVAL)
    assert not completed & {row[1:4] for row in trio.journal()[mark:]}
    assert trio.controller.json("get-cluster") == []
    for name in ROLES:
        found = trio.lab[name].shell(
            "ls -d /var/lib/aksprov /etc/kubernetes/pki/ca.*; cat /etc/crictl.yaml", check=False
        )
        assert found.stdout == "", name
        assert litter(trio.lab[name]) == ""
    assert not listens(trio.lab["lb1"], PORT)
    trio.run(check=0)
    assert trio.plan() == []


# of the load balancer, from 0; the fourth is when HAProxy has its new file and keepalived has not
RENAMES = [
    pytest.param(n, marks=() if n == 3 else slow, id=name)
    for n, name in enumerate(("epoch", "swap.log", "haproxy.cfg", "keepalived.conf", "manifest.json"))
]


def start_and_stop_at(trio: Trio, rename: int) -> subprocess.Popen[str]:
    """Run aksprov until the load balancer is about to do a rename, and waits."""
    trio.spoil()
    balancer = trio.lab["lb1"]
    trap(balancer, "mv", rename)
    running = trio.start()
    until(lambda: balancer.shell("ls /run/stopped", check=False).stdout, 60)
    assert running.poll() is None
    return running


@pytest.mark.parametrize("rename", RENAMES)
def test_killed_while_a_host_swaps_it_ends_and_nothing_is_done_twice(trio: Trio, rename: int) -> None:
    """The host's script ends what it began; the next run finds it done, or the change put back."""
    balancer = trio.lab["lb1"]
    running = start_and_stop_at(trio, rename)
    running.kill()
    running.communicate()
    release(balancer, "mv")
    trio.run(check=0)
    until(lambda: not listens(balancer, OLD_PORT), 10)
    assert listens(balancer, PORT)
    assert trio.plan() == []
    assert trio.is_whole()


@pytest.mark.parametrize("rename", RENAMES)
def test_a_power_cut_while_a_host_swaps(trio: Trio, rename: int) -> None:
    """One row says so within a minute and a half; the same command puts the host right from swap.log, and goes on."""
    balancer = trio.lab["lb1"]
    running = start_and_stop_at(trio, rename)
    balancer.off(cut=True)
    said, _ = running.communicate(timeout=90)
    assert running.returncode == 1
    assert trio.failures()["lb1"]["code"] == "HostDisconnected"
    assert "HostDisconnected" in said
    assert trio.lab["w1"].shell("cat /etc/crictl.yaml").stdout
    balancer.on()
    balancer.shell("rm -f /usr/local/sbin/mv")
    assert ("swap.log\n" in balancer.shell("ls /var/lib/aksprov").stdout) == (rename > 1)
    trio.run(check=0)
    until(lambda: listens(balancer, PORT) and not listens(balancer, OLD_PORT), 10)
    assert trio.plan() == []
    assert trio.is_whole()
