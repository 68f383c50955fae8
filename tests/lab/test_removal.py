"""A cluster leaves: its hosts are as they were found, what did not answer is kept apart, killed it goes on.

A host is looked at with find, sha256sum, systemctl, sysctl and ip, never with the product's own probes.

Seen to fail with each of these taken out:

- posix/leave.sh, ``apply_sysctl``: forwarding and redirects stayed as Kubernetes needs them;
- posix/leave.sh, what ``as_found`` does about enabled units: haproxy and keepalived stayed enabled on lb2;
- workflows/remove_cluster.py, ``keep``: the addresses of the host that did not answer were free.
"""

from __future__ import annotations

import difflib
import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from configured import CLUSTER, CONTROL_PLANES, HOSTS, LOAD_BALANCERS, NETWORK, VIP, WORKERS, eventually
from controller import Controller
from minilab import Host, Lab

from aksprov.workflows.certificate_authority import make_pair

# Everything that a removal may touch.  Left out is what lives by itself: systemd's own random seed, timers and
# catalog, caches, what a login writes, the counters of the connection table; and the epoch, until the next boot.
SNAPSHOT = r"""
for root in /etc /var/lib /usr/local /root /srv; do
    find $root -xdev \( -path /var/lib/systemd -o -path /root/.cache -o -path /root/.bash_history \) -prune -o \
        -printf '%y %m %u:%g %p %l\n'
    find $root -xdev \( -path /var/lib/systemd -o -path /root/.cache -o -path /root/.bash_history \) -prune -o \
        -type f -exec sha256sum {} +
done
find /run -xdev -maxdepth 1 ! -name motd.dynamic ! -name aksprov.epoch -printf '%y %m %u:%g %p\n'
systemctl list-unit-files --no-legend --no-pager | tr -s ' '
systemctl list-units --all --type=service --plain --no-legend | grep -v -e @ -e '^run-' | awk '{print $1, $3}'
sysctl -a 2>/dev/null | grep '^net\.' | grep -v -e nf_conntrack_count -e stable_secret
ip -o address | sed 's/valid_lft.*//'
"""


def snapshot(host: Host) -> list[str]:
    """What the host is, as sorted lines."""
    return sorted(host.shell(SNAPSHOT).stdout.splitlines())


def difference(before: list[str], after: list[str]) -> list[str]:
    """Lines that came and went."""
    return [line for line in difflib.ndiff(before, after) if line[0] in "+-"]


def roles() -> dict[str, dict[str, object]]:
    """Which host may be what."""
    of_role = {"control-plane": CONTROL_PLANES, "load-balancer": LOAD_BALANCERS, "worker": WORKERS}
    return {host: {"roles": [role]} for role, hosts in of_role.items() for host in hosts}


@pytest.fixture(scope="module")
def found(own_lab: Lab) -> dict[str, list[str]]:
    """The hosts as they are found: one has its own HAProxy at work, one keepalived switched off, one a crictl.yaml."""
    own = "defaults\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n    mode tcp\n"
    own += "frontend own\n    bind 127.0.0.1:8080\n    default_backend own\nbackend own\n    server s1 127.0.0.1:22\n"
    own_lab["lb1"].write("/etc/haproxy/haproxy.cfg", own)
    own_lab["lb1"].shell("systemctl enable --now haproxy && systemctl restart haproxy")
    own_lab["lb2"].shell("systemctl disable --now haproxy keepalived")
    own_lab["w1"].write("/etc/crictl.yaml", "timeout: 7\n")
    own_lab["w1"].shell("chmod 0640 /etc/crictl.yaml && chgrp daemon /etc/crictl.yaml")
    own_lab["cp2"].shell("modprobe -a br_netfilter overlay 2>/dev/null; sysctl -qw net.ipv4.ip_forward=0")
    return {name: snapshot(own_lab[name]) for name in HOSTS}


@pytest.fixture(scope="module")
def inventory(found: dict[str, list[str]], own_controller: Controller) -> Controller:
    """Network and hosts are recorded."""
    own_controller.run(*NETWORK)
    own_controller.run("add-host", "--file", own_controller.write_hosts(HOSTS, more=roles()))
    return own_controller


@pytest.fixture
def cluster(inventory: Controller) -> Iterator[Controller]:
    """The demo cluster, made where the test before has removed it, on hosts that all run."""
    inventory.run(*CLUSTER)
    yield inventory
    for name in HOSTS:
        if inventory.lab.status()[name]["state"] != "running":
            inventory.lab[name].on()
    for left in inventory.json("get-cluster"):
        if (left["Name"], left["ProvisioningState"]) != ("demo", "Configured"):
            inventory.run("remove-cluster", "--name", left["Name"], "--yes")


def addresses(controller: Controller) -> dict[str, str]:
    """Address -> state, of those that somebody has."""
    (network,) = controller.json("get-cluster-network", "--name", "labnet", "--addresses")
    return {a["Address"]: a["State"] for a in network["Addresses"] if a["State"] not in ("Free", "Host")}


def assert_as_found(lab: Lab, found: dict[str, list[str]]) -> None:
    """Not a line of any host's snapshot is another one."""
    assert {name: difference(found[name], snapshot(lab[name])) for name in HOSTS} == {name: [] for name in HOSTS}


def test_the_plan_says_what_goes_and_what_comes_back(cluster: Controller) -> None:
    """Nothing is changed by it, nor by a command that cannot ask."""
    plan = cluster.json("remove-cluster", "--name", "demo", "--what-if", check=2)
    files = {(h["name"], f["path"]): f["change"] for h in plan["hosts"] for f in h["files"]}
    steps = {(h["name"], s["id"]): s["title"] for h in plan["hosts"] for s in h["steps"]}
    assert (files["w1", "/etc/crictl.yaml"], files["w2", "/etc/crictl.yaml"]) == ("change", "remove")
    assert steps["lb1", "haproxy"] == "restart haproxy, which was found running"
    assert steps["lb2", "haproxy"] == "stop haproxy"
    assert {h["name"]: h["wave"] for h in plan["hosts"]} == {n: 1 if n in LOAD_BALANCERS else 2 for n in HOSTS}
    assert "ConfirmationNeeded" in cluster.run("remove-cluster", "--name", "demo", check=64).stderr
    assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Configured"
    assert cluster.json(*CLUSTER, "--what-if")["hosts"] == []


@pytest.mark.slow
def test_a_saved_removal_is_run_exactly_or_not_at_all(cluster: Controller, found: dict[str, list[str]]) -> None:
    """Another plan than the one that was looked at changes nothing; that one is run by apply, which asks too."""
    other = cluster.run("remove-cluster", "--name", "demo", "--yes", "--expect-plan", "0" * 64, check=73)
    assert "PlanStale" in other.stderr
    path = cluster.directory / "removal.json"
    plan = cluster.json("remove-cluster", "--name", "demo", "--what-if", "--plan-file", path, check=2)
    assert json.loads(path.read_text())["hash"] == plan["hash"]
    assert "ConfirmationNeeded" in cluster.run("apply", path, check=64).stderr
    cluster.lab["w2"].write("/etc/crictl.yaml", "timeout: 9\n")
    assert "PlanStale" in cluster.run("apply", path, "--yes", check=73).stderr
    assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Configured"
    cluster.json("remove-cluster", "--name", "demo", "--what-if", "--plan-file", path, check=2)
    cluster.run("apply", path, "--yes")
    assert cluster.json("get-cluster") == []
    assert_as_found(cluster.lab, found)


def kill_at_first(controller: Controller, *arguments: str) -> None:
    """Run a command and kill it once a host is done."""
    events = controller.directory / "killed.jsonl"
    events.unlink(missing_ok=True)
    running = controller.start(*arguments, "--events", str(events))
    deadline = time.monotonic() + 60
    while not (events.exists() and '"host.finished"' in events.read_text()):
        assert time.monotonic() < deadline and running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()


@pytest.mark.slow
def test_seven_hosts_killed_in_the_middle_finished_removed_and_made_again(
    cluster: Controller, found: dict[str, list[str]]
) -> None:
    remove = ("remove-cluster", "--name", "demo", "--yes")
    cluster.run(*remove)
    kill_at_first(cluster, *CLUSTER)
    assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Pending"
    for _ in range(2):
        cluster.run(*CLUSTER)
        assert cluster.json(*CLUSTER, "--what-if")["hosts"] == []
        assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Configured"
        cluster.run(*remove)
        assert_as_found(cluster.lab, found)
        assert addresses(cluster) == {}


def test_killed_in_the_middle_it_goes_on_and_the_hosts_are_as_they_were_found(
    cluster: Controller, found: dict[str, list[str]]
) -> None:
    lab = cluster.lab
    assert difference(found["cp1"], snapshot(lab["cp1"]))
    kill_at_first(cluster, "remove-cluster", "--name", "demo", "--yes")
    (shown,) = cluster.json("get-cluster")
    assert shown["ProvisioningState"] == "Deleting"
    assert "ClusterDeleting" in cluster.run(*CLUSTER, check=65).stderr
    cluster.run("remove-cluster", "--name", "demo", "--yes")
    assert cluster.json("get-cluster") == []
    assert addresses(cluster) == {}
    assert len(cluster.json("get-host")) == 7
    assert_as_found(lab, found)
    cluster.run(*CLUSTER)
    assert cluster.json(*CLUSTER, "--what-if")["hosts"] == []
    assert addresses(cluster)[VIP] == "Leased"


@pytest.mark.slow
def test_a_host_that_does_not_answer_is_listed_and_kept_apart_until_it_is_seen_clean(
    cluster: Controller, found: dict[str, list[str]]
) -> None:
    """Without --force the cluster stays Deleting; with it the host's addresses wait for the host."""
    lab = cluster.lab
    lab["lb1"].off()
    own = lab["lb1"].ip
    refused = cluster.json("remove-cluster", "--name", "demo", "--yes", check=1)
    assert [(r["Host"], r["TestName"]) for r in refused if r["TestResult"] == "Failed"] == [("lb1", "HostUnreachable")]
    assert cluster.json("get-cluster")[0]["Status"]["Error"] == "failed: lb1"
    assert not difference(found["lb2"], snapshot(lab["lb2"]))
    cluster.run("remove-cluster", "--name", "demo", "--force", "--yes")
    assert cluster.json("get-cluster") == []
    assert addresses(cluster) == {VIP: "Quarantined", own: "Quarantined"}
    assert cluster.json("get-host", "--name", "lb1")[0]["State"] == "Quarantined"
    assert "HostQuarantined" in cluster.run("remove-host", "--name", "lb1", "--yes", check=65).stderr
    assert "NetworkInUse" in cluster.run("remove-cluster-network", "--name", "labnet", "--yes", check=65).stderr

    other = [word if word != "demo" else "other" for word in CLUSTER]
    other[other.index("--load-balancer-count") + 1] = "1"
    cluster.run(*other)
    (made,) = cluster.json("get-cluster", "--name", "other")
    assert made["ApiServerAddress"] != VIP
    assert "lb1" not in {node["Host"] for node in made["Nodes"]}

    lab["lb1"].on()
    eventually(lambda: f" {VIP}/" in lab["lb1"].shell("ip -o -4 address").stdout, bool)
    (row,) = [r for r in cluster.json("test-host", "--name", "lb1") if r["TestName"] == "HostClean"]
    assert row["TestResult"] == "Warning" and VIP in row["Details"]
    assert addresses(cluster)[VIP] == "Quarantined"
    cluster.run("remove-cluster", "--name", "demo", "--yes")
    assert VIP not in addresses(cluster) and own not in addresses(cluster)
    cluster.run("remove-cluster", "--name", "other", "--yes")
    assert addresses(cluster) == {}
    assert_as_found(lab, found)


def test_what_is_not_the_clusters_own_stays_as_it_is(cluster: Controller) -> None:
    """Another cluster's file and its settings on a shared host; a CA that Kubernetes was started with."""
    lb, cp = cluster.lab["lb2"], cluster.lab["cp1"]
    theirs = {"path": "/etc/sysctl.d/50-other.conf", "sha256": "0" * 64, "mode": "0644", "cluster": "other"}
    manifest = json.loads(lb.shell("cat /var/lib/aksprov/manifest.json").stdout)
    lb.write("/var/lib/aksprov/manifest.json", json.dumps({**manifest, "files": [*manifest["files"], theirs]}))
    lb.write(theirs["path"], "net.ipv4.ip_nonlocal_bind = 1\n")
    cp.shell("touch /etc/kubernetes/pki/apiserver.crt")
    pair = cp.shell("sha256sum /etc/kubernetes/pki/ca.*").stdout
    try:
        rows = cluster.json("remove-cluster", "--name", "demo", "--yes")
        assert [r["Host"] for r in rows if r["TestResult"] == "Warning"] == ["cp1"]
        assert lb.shell(f"cat {theirs['path']}").stdout == "net.ipv4.ip_nonlocal_bind = 1\n"
        assert json.loads(lb.shell("cat /var/lib/aksprov/manifest.json").stdout)["files"] == [theirs]
        assert lb.shell("sysctl -n net.ipv4.ip_nonlocal_bind").stdout.strip() == "1"
        ours = "/etc/keepalived/aksprov* /etc/keepalived/keepalived.conf /etc/haproxy/aksprov"
        assert lb.shell(f"ls -d {ours}", check=False).stdout == ""
        assert cp.shell("sha256sum /etc/kubernetes/pki/ca.*").stdout == pair
    finally:
        lb.shell(
            "while read -r name value; do echo $value > /proc/sys/$name; done < /var/lib/aksprov/originals/sysctls"
        )
        lb.shell("rm -rf /var/lib/aksprov /etc/sysctl.d/50-other.conf")
        cp.shell("rm -rf /etc/kubernetes")


@pytest.mark.slow
def test_a_cluster_that_was_never_finished_leaves_too(cluster: Controller, found: dict[str, list[str]]) -> None:
    """One host lacks HAProxy and one has a CA of its own, which stays."""
    cluster.run("remove-cluster", "--name", "demo", "--yes")
    lb, cp = cluster.lab["lb2"], cluster.lab["cp1"]
    lb.shell("mv /usr/sbin/haproxy /usr/sbin/haproxy.away")
    cp.shell("mkdir -p /etc/kubernetes/pki")
    for part, text in zip(("key", "crt"), make_pair(datetime.now(UTC)), strict=True):
        cp.write(f"/etc/kubernetes/pki/ca.{part}", text.decode())
    before = snapshot(cp)
    try:
        cluster.run(*CLUSTER, check=1)
        assert cluster.json("get-cluster")[0]["ProvisioningState"] == "Failed"
        cluster.run("remove-cluster", "--name", "demo", "--yes")
        assert difference(before, snapshot(cp)) == []
    finally:
        lb.shell("mv /usr/sbin/haproxy.away /usr/sbin/haproxy")
        cp.shell("rm -rf /etc/kubernetes")
    assert_as_found(cluster.lab, found)


@pytest.mark.slow
def test_a_purged_host_has_nothing_of_us(cluster: Controller, found: dict[str, list[str]]) -> None:
    """Its cluster ended without it; it comes back and is cleaned without waiting for anybody."""
    lb = cluster.lab["lb1"]
    lb.cable(plugged=False)
    cluster.run("remove-cluster", "--name", "demo", "--force", "--yes")
    failed = cluster.json("remove-host", "--name", "lb1", "--purge", "--yes", check=1)
    assert failed[0]["TestName"] == "HostUnreachable"
    lb.cable(plugged=True)
    cluster.run("remove-host", "--name", "lb1", "--purge", "--yes")
    assert addresses(cluster) == {}
    assert lb.shell("ls /run/aksprov.epoch", check=False).returncode != 0
    cluster.run("add-host", "--file", cluster.write_hosts(HOSTS, more=roles()))
    assert_as_found(cluster.lab, found)


@pytest.mark.slow
def test_a_quarantine_ends_when_the_host_is_seen_clean(cluster: Controller) -> None:
    """A load balancer that was imaged anew while it was away.  The last test here, as it leaves no haproxy.cfg."""
    lb = cluster.lab["lb2"]
    lb.off()
    cluster.run("remove-cluster", "--name", "demo", "--force", "--yes")
    assert addresses(cluster) == {VIP: "Quarantined", lb.ip: "Quarantined"}
    lb.on()
    lb.shell("systemctl disable --now keepalived haproxy; rm -rf /var/lib/aksprov /etc/haproxy/aksprov")
    lb.shell("rm -f /etc/keepalived/* /etc/haproxy/haproxy.cfg /etc/sysctl.d/99-zz-aksprov-*")
    eventually(lambda: f" {VIP}/" in lb.shell("ip -o -4 address").stdout, lambda held: not held)
    (row,) = [r for r in cluster.json("test-host", "--name", "lb2") if r["TestName"] == "HostClean"]
    assert row["TestResult"] == "Passed"
    assert addresses(cluster) == {}
    assert cluster.json("get-host", "--name", "lb2")[0]["State"] == "Free"
