"""The lab itself: its hosts are real, apart from each other and from the machine, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import minilab
import pytest
from controller import Controller
from minilab import RUNTIME, Lab
from minilab.cgroups import hierarchies

START_AND_WAIT = """
import sys, time
from pathlib import Path
from minilab import Lab
lab = Lab(["gone-a"], state=Path(sys.argv[1])).up()
print("up", flush=True)
time.sleep(60)
"""


def eventually(what: str, check: Callable[[], bool], timeout: float = 20.0) -> None:
    """Wait until ``check`` is true."""
    deadline = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.1)


def test_every_host_is_itself(lab: Lab) -> None:
    """Host name, machine id, boot id and host key differ, and systemd is content."""
    seen: set[str] = set()
    for name, host in lab.hosts.items():
        *identity, state = host.ssh(
            "hostname; cat /etc/machine-id /proc/sys/kernel/random/boot_id /etc/ssh/ssh_host_ed25519_key.pub;"
            "systemctl is-system-running"
        ).stdout.splitlines()
        assert (identity[0], state) == (name, "running")
        seen.update(identity)
    assert len(seen) == 4 * len(lab.hosts)


def test_hosts_are_lean_and_sshd_is_as_debian_has_it(lab: Lab) -> None:
    """Host scripts that need more than the promised programs, or more sessions, must fail in tests."""
    assert lab["w1"].ssh("command -v socat curl openssl python3", check=False).stdout == ""
    options = lab["w1"].ssh("sshd -T").stdout.splitlines()
    assert "maxsessions 10" in options and "maxstartups 10:30:100" in options


def test_what_provisioning_does_works_and_stays_in_the_host(lab: Lab) -> None:
    """Sysctls, modules, packet filters, sudo, the journal; the machine's own sysctls are untouched."""
    host = lab["cp1"]
    before = Path("/proc/sys/vm/swappiness").read_text()
    host.ssh(f"sysctl -w net.ipv4.ip_forward=1 vm.swappiness={int(before) + 1} kernel.panic=10")
    assert int(host.ssh("sysctl -n vm.swappiness").stdout) == int(before) + 1
    assert Path("/proc/sys/vm/swappiness").read_text() == before
    host.ssh("modprobe overlay && swapoff -a")
    host.ssh("nft list ruleset && ipset create lab-test hash:ip && ipset destroy lab-test")
    host.ssh("logger -t mark hello && journalctl --sync && journalctl -t mark | grep -q hello")
    assert host.ssh("sudo id -u", user="ops").stdout == "0\n"
    assert host.ssh("getent hosts w2").stdout.split()[0] == lab["w2"].ip
    host.ssh("ping -c1 -W2 w2")


def test_power_cable_and_reboot(own_lab: Lab) -> None:
    """A host keeps its disk over a power cut and a reboot, and is silent without its cable."""
    host = own_lab["w1"]
    boot_id = host.ssh("cat /proc/sys/kernel/random/boot_id; echo kept > /etc/kept; touch /run/lost; sync").stdout
    host.off(cut=True)
    host.on()
    after = host.ssh("cat /proc/sys/kernel/random/boot_id /etc/kept; test ! -e /run/lost").stdout
    assert after.endswith("kept\n") and boot_id not in after
    host.ssh("systemctl reboot", check=False)  # the connection may end before its exit status
    eventually("a third boot", lambda: host.info()["boots"] == 3 and host.info()["state"] == "running")
    host.cable(plugged=False)
    assert own_lab["w2"].ssh("ping -c1 -W1 w1", check=False).returncode != 0
    assert host.shell("cat /etc/kept").stdout == "kept\n"
    host.cable(plugged=True)
    own_lab["w2"].ssh("ping -c1 -W5 w1")


def test_addresses_release_and_sshd_options_are_the_callers() -> None:
    """Another network, a chosen address, Debian 13, other limits of sshd."""
    options = {"network": "192.168.7.0/24", "suite": "trixie", "sshd_config": minilab.MANY_LOGINS}
    with Lab(["a", {"name": "b", "ip": "192.168.7.200"}], **options) as lab:
        assert (lab["a"].ip, lab["b"].ip) == ("192.168.7.11", "192.168.7.200")
        said = lab["b"].ssh("ip -4 -o addr show eth0; . /etc/os-release; echo $VERSION_CODENAME; sshd -T").stdout
    assert "192.168.7.200/24" in said and "\ntrixie\n" in said and "maxsessions 100\n" in said


def test_hosts_for_container_runtimes_and_hosts_without_systemd() -> None:
    """The machine's own cgroup controllers and plain directories for a runtime; only sshd in a light host."""
    with Lab([{"name": "runtime", **RUNTIME}, {"name": "light", "kind": "light"}]) as lab:
        said = lab["runtime"].ssh("systemctl is-system-running; : < /dev/kmsg; ls /sys/fs/cgroup").stdout.split()
        kind = lab["runtime"].ssh("stat -f -c %T /var/lib/containerd").stdout.strip()
        lab["runtime"].ssh("systemd-run --wait --quiet -p MemoryMax=64M true")
        assert lab["light"].ssh("cat /proc/1/comm").stdout == "sshd\n"
    assert said == ["running", *sorted(hierarchy.name for hierarchy in hierarchies())]
    assert kind == "tmpfs"


def test_in_process_connection(lab: Lab) -> None:
    """A socket made for the lab is usable outside it."""
    with lab.connect(lab["cp2"].ip, 22) as connection:
        assert connection.recv(7) == b"SSH-2.0"


@pytest.mark.parametrize("how", ["down", "kill -9 of the caller"])
def test_nothing_is_left(how: str, tmp_path: Path) -> None:
    """Links, mounts, cgroups and files are gone, also when nobody could clean up."""
    before, state = _traces(), tmp_path / "lab"
    if how == "down":
        with Lab(["gone-a"], state=state):
            assert _traces() != before
    else:
        command = [sys.executable, "-c", START_AND_WAIT, str(state)]
        environment = {**os.environ, "PYTHONPATH": str(Path(minilab.__file__).parent.parent)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as caller:
            assert caller.stdout is not None and caller.stdout.readline() == b"up\n"
            caller.kill()
    eventually("the state directory is gone", lambda: not state.exists())
    assert _traces() == before


def _traces() -> set[str]:
    """What of a lab with the host gone-a is seen from outside."""
    groups = {str(path) for path in Path("/sys/fs/cgroup").rglob("*gone-a*")}
    mounts = {line for line in Path("/proc/mounts").read_text().splitlines() if "gone-a" in line}
    processes = set()
    for cmdline in Path("/proc").glob("[0-9]*/environ"):
        try:
            if b"container=minilab" in cmdline.read_bytes() and _hostname(cmdline.parent) == "gone-a":
                processes.add(str(cmdline.parent))
        except OSError:
            continue  # it has ended
    return groups | mounts | processes


def _hostname(process: Path) -> str:
    return (process / "root/etc/hostname").read_text().strip()


def test_hosts_file_of_the_controller(controller: Controller) -> None:
    """Pinned keys are the hosts' own; unpinned ones are where ssh looks."""
    assert controller.lab["cp1"].host_key in controller.write_hosts(["cp1"]).read_text()
    unpinned = controller.write_hosts(pinned=False, more={"": {"port": 22}, "w1": {"roles": ["worker"]}})
    assert "host_key" not in unpinned.read_text() and unpinned.read_text().count("port: 22") == 7
    assert controller.lab["w1"].ip in (controller.directory / ".ssh/known_hosts").read_text()
