"""HAProxy, keepalived and the kernel of both Debian releases take what is rendered, and say nothing against it."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest
from cryptography.hazmat.primitives import serialization
from minilab import Host, Lab
from responder import Authority
from sample_cluster import VIP, desired

from aksprov.model.bundle import Bundle
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

# The longest name, with upper case: whatever is derived from it must stay inside its reader's limits.
CLUSTER = desired(name="Z" + "y" * 61 + "Z")
BALANCERS = {n.name: n.address for n in CLUSTER.by_role("load-balancer")}
TEMPLATES = Templates.load()
HAPROXY_CHECK = "haproxy -c -dW -f /etc/haproxy/haproxy.cfg"
KEEPALIVED_CHECK = "keepalived -t -f /etc/keepalived/keepalived.conf"

# All that the two say of a good configuration while no API server answers.  HAProxy warns of servers
# that are down and, at a reload, of the old worker's end; neither is about the configuration.
EXPECTED = {
    "haproxy": (
        r"\[NOTICE\] +\(\d+\) : .*",
        r"(\[WARNING\] +\(\d+\) : )?Server be_\S+/cp\d is DOWN, reason: .*",
        r"(\[ALERT\] +\(\d+\) : )?backend '?be_\S+ has no server available!",
        r"(\[WARNING\] +\(\d+\) : )?Proxy \S+ stopped \(cumulated conns: .*\)\.",
        r"\[WARNING\] +\(\d+\) : Former worker \(\d+\) exited with code 0 \(Exit\)",
    ),
    "Keepalived": (
        r"Starting Keepalived v.*",
        r"Running on Linux .*",
        r"Command line: .*",
        r"Configuration file /etc/keepalived/keepalived\.conf",
        r"Starting VRRP child process, pid=\d+",
        r"Startup complete",
        r"Reloading.*",
        r"Reload complete",
    ),
    "Keepalived_vrrp": (
        r"VRRP_Script\(chk_\w+\) (succeeded|considered successful on reload)",
        r"\(vi_\w+\) Entering (BACKUP|MASTER) STATE",
        r"\(vi_\w+\) received lower priority .*",
        r"Reloading",
    ),
}


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def balancers(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two load balancers of one Debian release with their files in place and nothing started."""
    authority = Authority.stranger().certificate.public_bytes(serialization.Encoding.PEM).decode()
    with Lab([{"name": name, "ip": ip} for name, ip in BALANCERS.items()], suite=request.param) as lab:
        for host in lab.hosts.values():
            host.ssh("systemctl stop haproxy keepalived")
            put(host, render_bundle(CLUSTER, host.name, {}, {"ca": authority}, TEMPLATES))
        yield lab


def put(host: Host, bundle: Bundle) -> None:
    """The files of a bundle by plain means, and its sysctls."""
    lines = ["set -eu"]
    for file in bundle.files:
        assert file.content is not None
        lines += [
            f"mkdir -p {PurePosixPath(file.path).parent}",
            f"printf %s {shlex.quote(file.content)} > {file.path}",
            f"chmod {file.mode} {file.path}",
        ]
    lines += [f"sysctl -qp {file.path}" for file in bundle.files if file.reader == "sysctl"]
    host.ssh("sh", input="\n".join(lines) + "\n")


def eventually(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, true
        time.sleep(0.1)


def holders(lab: Lab) -> list[str]:
    """Who has the VIP."""
    return [name for name, host in lab.hosts.items() if f" {VIP}/32 " in host.shell("ip -o -4 addr").stdout]


def test_checkers_accept_the_files_without_a_word(balancers: Lab) -> None:
    """Warnings count as failures (-dW); keepalived says what it dislikes and still may return 0."""
    for host in balancers.hosts.values():
        for check in (HAPROXY_CHECK, KEEPALIVED_CHECK):
            done = host.ssh(f"{check} 2>&1", check=False)
            assert (done.returncode, done.stdout.replace("Configuration file is valid\n", "")) == (0, ""), check


def test_one_load_balancer_alone_is_accepted(balancers: Lab) -> None:
    """No peers, so no unicast lines."""
    alone = desired(control_planes=1, load_balancers=1)
    bundle = render_bundle(alone, "lb1", {}, {}, TEMPLATES)
    text = {f.path: f.content or "" for f in bundle.files}
    host = balancers["lb1"]
    script = "/etc/keepalived/aksprov-check-demo"
    host.write("/tmp/alone", text["/etc/keepalived/keepalived.conf"])
    host.ssh(f"cat > {script} && chmod 755 {script}", input=text[script])
    done = host.ssh("keepalived -t -f /tmp/alone 2>&1", check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_start_and_reload_say_nothing_against_the_configuration(balancers: Lab) -> None:
    """What both write to the journal, line by line, and nothing at emerg, which goes to every terminal."""
    hosts = balancers.hosts.values()
    for host in hosts:
        host.ssh("journalctl --rotate && journalctl --vacuum-time=1s")
        host.ssh("systemctl start haproxy && systemctl start keepalived")
    eventually(lambda: len(holders(balancers)) == 1)
    for host in hosts:
        host.ssh("systemctl reload haproxy && systemctl reload keepalived")
    time.sleep(5)  # servers are found down again after the reload, 2 s apart, and roles are settled
    assert len(holders(balancers)) == 1
    for host in hosts:
        for program, patterns in EXPECTED.items():
            lines = host.ssh(f"journalctl -o cat -t {program}").stdout.splitlines()
            assert any("no server available" in line for line in lines) or program != "haproxy"
            assert [x for x in lines if x and not any(re.fullmatch(p, x) for p in patterns)] == [], program
        assert host.ssh("journalctl -q -p emerg").stdout == ""
        assert host.ssh("systemctl is-active haproxy keepalived").stdout.split() == ["active", "active"]


def test_the_vip_leaves_a_load_balancer_whose_haproxy_stops(balancers: Lab) -> None:
    """The check looks at the listener: interval 1 and fall 2 move it within 3 s, with room for a busy machine."""
    (first,) = holders(balancers)
    (other,) = set(balancers.hosts) - {first}
    balancers[first].ssh("systemctl stop haproxy")
    eventually(lambda: holders(balancers) == [other], 6)
    balancers[first].ssh("systemctl start haproxy")


def test_nodes_settings_are_taken_by_the_kernel(balancers: Lab) -> None:
    """Modules first: the bridge's settings are there only once br_netfilter is."""
    node = render_bundle(CLUSTER, "w1", {}, {}, TEMPLATES)
    by_reader = {f.reader: f.content for f in node.files}
    host = balancers["lb1"]
    host.ssh("grep -v ^# | xargs -n 1 modprobe", input=by_reader["modules"])
    host.ssh("sysctl -p -", input=by_reader["sysctl"])
    assert host.ssh("sysctl -n net.bridge.bridge-nf-call-iptables").stdout == "1\n"
