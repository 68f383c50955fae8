"""What else a host has, read from a recorded answer of a lab host that others had used before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aksprov.facts.parse import parse_observation
from aksprov.model.situation import Listener, Route, Service, Situation

ANSWER = (Path(__file__).parent / "recorded" / "dirty.txt").read_text()


def with_part(name: str, text: str) -> Situation:
    """Of the recorded answer with another text in one part."""
    answer = re.sub(rf"NONCE:{name}\n(?s:.*?)(?=NONCE:)", lambda _: f"NONCE:{name}\n{text}\n", ANSWER)
    assert answer != ANSWER
    return parse_observation(answer).situation


def test_a_host_that_others_have_used() -> None:
    seen = parse_observation(ANSWER).situation
    assert (seen.begun, seen.clock_off, seen.modules, seen.swaps) == ("", None, {}, ())
    assert {"cpu", "cpuset", "memory", "pids"} <= seen.controllers
    assert seen.swap_sources == ("/etc/fstab: /swapfile", "/etc/systemd/zram-generator.conf")
    assert [listener.port for listener in seen.listeners] == [22, 10250, 22]
    assert seen.listeners[1].process == "squatter (pid 42)"
    assert seen.listeners[2] == Listener(address="[::]", port=22, process="sshd (pid 32)")
    assert seen.routes == (
        Route(prefix="10.77.0.0/16", device="eth0"),
        Route(prefix="10.244.7.0/24", device="docker0"),
    )
    assert seen.cni_files == ("05-theirs.conflist",)
    assert seen.remains == ("/etc/kubernetes/manifests/etcd.yaml", "chain KUBE-SERVICES of iptables")
    assert seen.environment["/etc/environment"]["https_proxy"] == "http://user:hidden@proxy.example:3128"
    assert "HTTPS_PROXY" in seen.environment["systemd"]
    assert seen.services["kubelet"] == Service(
        drop_ins=("/etc/systemd/system/kubelet.service.d/50-theirs.conf",),
        command=("/bin/sleep", "600"),
        environment={"KUBELET_EXTRA_ARGS": "--node-ip=10.9.9.9 --max-pods=30"},
    )
    assert seen.kubelet_defaults == {"KUBELET_EXTRA_ARGS": "--v=4"}
    assert "disabled_plugins" in seen.containerd_configuration
    assert seen.package_lock == "upgrades (pid 50)"
    assert parse_observation(ANSWER).facts.resolver == "/etc/resolv.conf"


@pytest.mark.parametrize(
    ("said", "between", "off"),
    [
        ("1000", (1000.2, 1000.9), 0.0),
        ("1000", (990.0, 1010.0), 0.0),
        ("1100", (1000.0, 1002.0), 98.0),
        ("900", (1000.0, 1002.0), -99.0),
        ("", (1000.0, 1002.0), None),
        ("never", (1000.0, 1002.0), None),
        ("1000", None, None),
    ],
)
def test_a_clock_is_off_by_what_the_answer_cannot_have_taken(
    said: str, between: tuple[float, float] | None, off: float | None
) -> None:
    answer = re.sub(r"NONCE:clock\n\d+", f"NONCE:clock\n{said}", ANSWER)
    assert parse_observation(answer, between=between).situation.clock_off == off


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("module vxlan modprobe: FATAL: Module vxlan not found in directory /lib/modules/6.1.0-18-cloud-amd64", True),
        ("module overlay install /bin/false ", True),
        ("module overlay insmod /lib/modules/6.1.0-18-amd64/kernel/fs/overlayfs/overlay.ko", False),
        ("module br_netfilter builtin br_netfilter", False),
        ("module br_netfilter sh: 1: modprobe: not found", False),
    ],
)
def test_modules_that_cannot_be_loaded(said: str, found: bool) -> None:
    assert bool(with_part("kernel", said).modules) == found


def test_cgroup_controllers_of_both_kinds() -> None:
    assert with_part("kernel", "controllers cpuset cpu io memory pids").controllers == {
        "cpuset", "cpu", "io", "memory", "pids",
    }  # fmt: skip
    off = with_part("/proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\nmemory\t0\t1\t0")
    assert off.controllers == {"cpu"}


@pytest.mark.parametrize(
    ("units", "fstab", "sources"),
    [
        ("/run/systemd/generator/dev-vda2.swap", "UUID=1 none swap sw 0 0", ("/etc/fstab: UUID=1",)),
        ("/run/systemd/generator.late/dev-vda3.swap", "", ("/run/systemd/generator.late/dev-vda3.swap",)),
        ("", "# /swapfile none swap sw 0 0\n/dev/vda1 / ext4 defaults 0 1\n/s none swap noauto 0 0", ()),
    ],
)
def test_where_swap_comes_back_from(units: str, fstab: str, sources: tuple[str, ...]) -> None:
    answer = re.sub(r"NONCE:swapunits\n[^\n]*\n", f"NONCE:swapunits\n{units}\n", ANSWER)
    answer = re.sub(r"NONCE:/etc/fstab\n(?s:.*?)(?=NONCE:)", f"NONCE:/etc/fstab\n{fstab}\n", answer)
    assert parse_observation(answer).situation.swap_sources == sources


def test_routes_that_lead_nowhere_are_left_out() -> None:
    lines = ("default via 10.0.0.1 dev eth0", "unreachable 10.0.0.0/8", "blackhole 10.1.0.0/16", "10.9.0.5 dev wg0")
    assert with_part("routes", "\n".join(lines)).routes == (Route(prefix="10.9.0.5/32", device="wg0"),)


def test_systemd_resolved_is_asked_by_pods_through_its_own_file() -> None:
    """It must be active, too: its file outlives it."""
    resolv = "nameserver 127.0.0.53\noptions edns0\n# by systemd-resolved"
    answer = re.sub(r"NONCE:resolv\n[^\n]*\n", f"NONCE:resolv\n{resolv}\n", ANSWER)
    assert parse_observation(answer).facts.resolver == "/etc/resolv.conf"
    head, mark, tail = answer.partition("Id=systemd-resolved.service")
    active = head + mark + tail.replace("ActiveState=inactive", "ActiveState=active", 1)
    assert parse_observation(active).facts.resolver == "/run/systemd/resolve/resolv.conf"
    assert parse_observation(active).situation.name_servers == ("127.0.0.53",)


LINES = ANSWER.splitlines()
PARTS = sorted({line.partition(":")[2] for line in LINES if line.startswith("NONCE:")} - {"manifest", "host", "end"})


@given(st.sampled_from(PARTS), st.lists(st.sampled_from(LINES) | st.text(max_size=40), max_size=8))
def test_no_part_breaks_the_reader(part: str, lines: list[str]) -> None:
    text = "\n".join(line for line in lines if not line.startswith("NONCE:"))
    answer = re.sub(rf"NONCE:{part}\n(?s:.*?)(?=NONCE:)", lambda _: f"NONCE:{part}\n{text}\n", ANSWER)
    assert isinstance(parse_observation(answer, between=(1.0, 2.0)).situation, Situation)


@given(st.text())
def test_no_number_breaks_the_reader(text: str) -> None:
    """Digits of other scripts, too, which int() reads or refuses."""
    assert isinstance(with_part("ports", f"LISTEN 0 1 [::]:{text} *:* x\nLISTEN 0 1 *:\u00b2 *:*"), Situation)
    assert isinstance(with_part("clock", text), Situation)
