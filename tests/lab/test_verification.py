"""What test-cluster says of a configured cluster, and whether that is so.

pytest-testinfra looks at the same hosts over ssh, and shares nothing with the product's probes.
Seen to fail: without audit.log (checks/probes.sh) what AppArmor denied was no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import testinfra
from configured import LOAD_BALANCERS, NODES, PORT, VIP, Configured, address, api_servers, eventually
from minilab import Lab
from responder import Authority, api_server
from testinfra.host import Host as Witness

# The other rows are about the definition and the placement, and made before anything is asked.
ON_HOSTS = ("Connection", "Files", "Host", "Kernel", "LoadBalancer", "Services")


@pytest.fixture(scope="module")
def witness(configured: Configured) -> Iterator[Callable[[str], Witness]]:
    """Opens testinfra's own connection to a host; its ssh starts in the lab's network and is used again."""
    lab = configured.lab
    sockets = {name: str(lab.state / f"{name}.ssh") for name in lab.hosts}

    def look(name: str) -> Witness:
        return testinfra.get_host(f"ssh://{name}", ssh_config=str(lab.ssh_config), controlpath=sockets[name])

    with lab.netns():
        yield look
    for name, path in sockets.items():
        lab.run(["ssh", "-F", lab.ssh_config, "-o", f"ControlPath={path}", "-O", "exit", name], check=False)


def test_everything_passes_that_can_before_kubernetes(configured: Configured) -> None:
    """API servers that are not started are a Warning, programs that come with Kubernetes are Skipped."""
    rows = configured.rows(check=0)
    counted = Counter((r["TestName"], r["TestResult"]) for r in rows if r["Category"] in ON_HOSTS)
    assert counted == {
        ("AddressOnInterface", "Passed"): 7,
        ("Confinement", "Passed"): 2,
        ("FilesOnHost", "Passed"): 7,
        ("Sysctls", "Passed"): 7,
        ("KernelModules", "Passed"): 5,
        ("ProgramsPresent", "Passed"): 2,
        ("ProgramsPresent", "Skipped"): 5,
        ("ServiceActive", "Passed"): 4,
        ("ServiceActive", "Skipped"): 10,
        ("ExactlyOneMaster", "Passed"): 1,
        ("ApiEndpointListening", "Passed"): 1,
        ("NoForeignHolder", "Passed"): 1,
        ("ApiServersUp", "Warning"): 2,
        ("FirewallVrrp", "Passed"): 2,
        ("FirewallApiServer", "Passed"): 5,
    }
    assert not [r for r in rows if r["TestResult"] == "Failed"]
    assert {r["Details"].partition(":")[0] for r in rows if r["TestName"] == "ApiServersUp"} == {"0 of 3 up"}
    assert {r["Cluster"] for r in rows} == {"demo"}


def test_an_independent_witness_sees_the_load_balancers(
    configured: Configured, witness: Callable[[str], Witness]
) -> None:
    """Files, services, listener and kernel of both; one of them has the VIP."""
    for name in LOAD_BALANCERS:
        host = witness(name)
        for path in ("/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"):
            file = host.file(path)
            assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
            assert file.contains(VIP)
        for service in ("haproxy", "keepalived"):
            assert host.service(service).is_running and host.service(service).is_enabled
        assert host.socket(f"tcp://{VIP}:{PORT}").is_listening
        assert host.sysctl("net.ipv4.ip_nonlocal_bind") == 1
    holding = [name for name in LOAD_BALANCERS if VIP in witness(name).interface("eth0").addresses]
    (master,) = (r for r in configured.rows() if r["TestName"] == "ExactlyOneMaster")
    assert [f"{name} holds {VIP} on eth0" for name in holding] == [master["Details"]]


def test_an_independent_witness_sees_the_nodes(witness: Callable[[str], Witness]) -> None:
    """Kernel settings are in force, files are there; nothing of Kubernetes runs yet."""
    for name in NODES:
        host = witness(name)
        assert host.sysctl("net.ipv4.ip_forward") == 1
        assert host.file("/etc/crictl.yaml").is_file
        assert not host.exists("kubelet")


def test_up_is_a_certificate_of_the_clusters_ca_and_down_one_of_another(configured: Configured, tmp_path: Path) -> None:
    """The answer comes through the VIP, verified; the row says who is up and why the others are not."""
    lab, own = configured.lab, Authority.of_cluster(configured.lab["cp1"])
    folders = [tmp_path / name for name in ("own", "other")]
    for folder in folders:
        folder.mkdir()
    with api_server(lab["cp1"], own, folders[0]), api_server(lab["cp2"], Authority.stranger(), folders[1]):
        said = eventually(
            lambda: api_servers(configured), lambda d: all(t.startswith("1 of 3") for t in d.values()), 30
        )
        for details in said.values():
            assert "cp2 DOWN (L6RSP" in details and "cp3 DOWN (L4CON" in details
        assert readyz(lab, own) == 200
    with api_server(lab["cp1"], Authority.stranger(), folders[1]):
        said = eventually(
            lambda: api_servers(configured), lambda d: all(t.startswith("0 of 3") for t in d.values()), 30
        )
        assert all("cp1 DOWN (L6RSP" in details for details in said.values())


def readyz(lab: Lab, authority: Authority) -> int:
    """Status of a verified request through the VIP."""
    context = authority.client_context()
    connection = HTTPSConnection("kubernetes", context=context)
    connection.sock = context.wrap_socket(lab.connect(VIP, PORT), server_hostname="kubernetes")
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


def test_what_was_changed_by_hand_is_seen_and_put_right(configured: Configured) -> None:
    """A file's content and mode, a kernel setting, a stopped and a disabled service: each in its host's row."""
    lab = configured.lab
    lab["lb2"].ssh("sed -i 's/maxconn 8000/maxconn 77/' /etc/haproxy/haproxy.cfg; systemctl disable -q haproxy")
    lab["w1"].ssh("chmod 600 /etc/crictl.yaml; sysctl -qw net.ipv4.ip_forward=0")
    standby = configured.other(configured.holder())
    standby.ssh("systemctl stop keepalived")
    wrong = configured.failed()
    expected = {
        ("FilesOnHost", "lb2"): "/etc/haproxy/haproxy.cfg (content)",
        ("FilesOnHost", "w1"): "/etc/crictl.yaml (mode 0600, not 0644)",
        ("Sysctls", "w1"): "net.ipv4.ip_forward is 0, not 1",
        ("ServiceActive", standby.name): "keepalived: inactive (dead), enabled",
        ("ServiceActive", "lb2"): "",
    }
    assert wrong.keys() == expected.keys()
    for key, words in expected.items():
        assert words in wrong[key]["Details"]
    configured.put_right()
    assert not [r for r in configured.rows(check=0) if r["TestResult"] == "Failed"]


def test_a_stranger_that_takes_the_vip_is_seen(configured: Configured) -> None:
    """Known by its Ethernet address; the load balancer that holds the VIP asks, so that only a stranger answers."""
    stray = configured.lab["stray"]
    with address(stray):
        for _ in range(3):  # on a busy machine the VIP may be on its way, and then nobody who holds it can ask
            holder, row = configured.holder(), configured.failed()["NoForeignHolder", ""]
            assert row["TestResult"] == "Failed" and stray.spec.mac in row["Details"]
            if holder.name in row["Details"]:
                break
    assert holder.name in row["Details"]
    assert ("NoForeignHolder", "") not in {
        (r["TestName"], r["Host"]) for r in configured.rows() if r["TestResult"] == "Failed"
    }


def test_a_node_that_has_the_vip_is_named(configured: Configured) -> None:
    with address(configured.lab["w2"]):
        row = configured.failed()["NoForeignHolder", "w2"]
    assert row["TestResult"] == "Failed" and VIP in row["Details"]


@pytest.mark.slow
def test_two_masters_are_seen(configured: Configured) -> None:
    """A firewall that drops VRRP between the load balancers makes each of them the only one it knows."""
    lab = configured.lab
    rules = "table inet deaf { chain input { type filter hook input priority 0; ip protocol 112 drop; }; }"
    for name in LOAD_BALANCERS:
        lab[name].ssh("nft -f -", input=rules)
    try:
        eventually(configured.holders, lambda names: len(names) == 2)
        failed = configured.failed()
        details = failed["ExactlyOneMaster", ""]["Details"]
        assert all(word in details for word in ("lb1 and lb2", VIP, "at the same time"))
        for name in LOAD_BALANCERS:
            row = failed["FirewallVrrp", name]
            assert "rule 2 of chain input, table inet deaf" in row["Details"]
            lab[name].ssh(row["Recommendation"].partition(", and")[0])  # what the cure says, as it says it
        configured.holder()
        rows = {(r["TestName"], r["Host"]): r["TestResult"] for r in configured.rows(check=0)}
        assert {rows["FirewallVrrp", name] for name in LOAD_BALANCERS} == {"Passed"}
    finally:
        for name in LOAD_BALANCERS:
            lab[name].ssh("nft delete table inet deaf")
    configured.holder()


@pytest.mark.parametrize("program", ["iptables", pytest.param("iptables-legacy", marks=pytest.mark.slow)])
def test_a_closed_port_of_the_api_server_is_seen(program: str, configured: Configured) -> None:
    """On the load balancer that holds the VIP, by either kind of iptables."""
    holder = configured.holder()
    done = holder.ssh(f"{program} -A INPUT -p tcp --dport {PORT} -j DROP", check=False)
    if done.returncode:
        pytest.skip(f"this kernel has no {program}")
    try:
        row = configured.failed()["FirewallApiServer", holder.name]
        assert f"iptables keeps out {VIP} port {PORT}" in row["Details"]
        holder.ssh(row["Recommendation"].partition(", and")[0].replace("iptables", program, 1))
        eventually(configured.answers, bool)  # a busy machine is slow to answer
    finally:
        holder.ssh(f"{program} -F INPUT")


def test_where_sshd_forwards_nothing_the_host_is_used_or_the_row_says_why(configured: Configured) -> None:
    """bash opens the TCP connection, perl the UNIX socket; lb1 has no perl."""
    lab, drop_in = configured.lab, "/etc/ssh/sshd_config.d/00-test.conf"
    lab["lb1"].shell("mv /usr/bin/perl /usr/bin/perl.away")
    for host in lab.hosts.values():
        host.shell(f"echo DisableForwarding yes >{drop_in}; systemctl reload ssh")
    try:
        rows = configured.rows(check=0)
    finally:
        lab["lb1"].shell("mv /usr/bin/perl.away /usr/bin/perl")
        for host in lab.hosts.values():
            host.shell(f"rm {drop_in}; systemctl reload ssh")
    found = {(r["TestName"], r["Host"]): r for r in rows}
    assert found["ApiEndpointListening", ""]["TestResult"] == "Passed"
    assert found["ApiServersUp", "lb2"]["Details"].startswith("0 of 3 up")
    silent = found["ApiServersUp", "lb1"]
    assert silent["TestResult"] == "Skipped"
    assert "SSH" in silent["Details"] and "socat" in silent["Recommendation"]


# As it was logged, but for the program's name and the time: tests/unit/checks/recorded/denials.txt.
DENIED = (
    "type=AVC msg=audit({now}.882:4787): "
    'apparmor="DENIED" operation="open" class="file" profile="haproxy" name="/etc/haproxy/aksprov/demo-ca.crt" '
    'pid=11950 comm="haproxy" requested_mask="r" denied_mask="r" fsuid=0 ouid=0'
)


@pytest.mark.slow
def test_what_apparmor_denied_is_read_from_the_hosts_own_log(configured: Configured) -> None:
    """No kernel here has it: the file that says it is on is a stand-in, and the log has a line."""
    host = configured.lab["lb2"]
    now = host.shell("date +%s").stdout.strip()
    host.shell("mount -t tmpfs none /sys/module && mkdir -p /sys/module/apparmor/parameters /var/log/audit")
    try:
        host.write("/sys/module/apparmor/parameters/enabled", "Y\n")
        rows = {(r["TestName"], r["Host"]): r for r in configured.rows()}
        assert rows["Confinement", "lb2"]["Details"] == "AppArmor refused nothing lately"
        others = DENIED.replace("haproxy", "ntpd")
        host.write("/var/log/audit/audit.log", f"{others}\n{DENIED}\n".replace("{now}", now))
        row = configured.failed()["Confinement", "lb2"]
    finally:
        host.shell("umount /sys/module; rm -r /var/log/audit")
    assert row["Details"] == "AppArmor's profile haproxy denies open of /etc/haproxy/aksprov/demo-ca.crt"
    assert "'/etc/haproxy/aksprov/demo-ca.crt r,' into /etc/apparmor.d/local/usr.sbin.haproxy" in row["Recommendation"]
