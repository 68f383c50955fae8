"""From words to files: whatever a definition is given, each format's own parser reads back what went in."""

from __future__ import annotations

import io
import json
import shlex
import tomllib
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import msgspec
import tree_sitter_pwsh
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tree_sitter import Language, Parser

from aksprov.cli.command import parse
from aksprov.cli.spelling import normalise
from aksprov.cmdlets.binding import bind
from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.versions import OFFERED
from aksprov.cni.capabilities import check
from aksprov.cni.choice import Choice
from aksprov.errors import AksprovError, ExitCode
from aksprov.inventory import hosts_file
from aksprov.ipam.cluster_rules import check_cluster
from aksprov.ipam.placement import place
from aksprov.ipam.rules import check_network
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Desired, Snapshot
from aksprov.model.host import Host
from aksprov.model.names import RESERVED
from aksprov.model.objects import HostObjects
from aksprov.model.request import Request
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates
from aksprov.workflows.cluster_definition import read_cluster
from aksprov.workflows.network_definition import read_network

TEMPLATES = Templates.load()
KUBEADM = "/etc/kubernetes/aksprov/kubeadm-"
REFUSED = {ExitCode.USAGE, ExitCode.DEFINITION, ExitCode.NOT_FOUND, ExitCode.NOT_AVAILABLE}

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda name: name.lower() not in RESERVED
)
LONG = st.sampled_from(["x" * 63, "a" + "-" * 61 + "b", "0" * 63])
# Names of switches are as their own systems have them, and what somebody might try besides.
NASTY = [
    *("External Switch, [1] (\u00fcber)", "a,b", "[x]", "it's", 'say "so"', "'", '"', "\u2019", "\ud55c\uae00"),
    *("$(id)", "`id`", "${HOME}", "%PATH%", "@id", "{{ x }}", "#", "a: b", "a=b", "\\", "-x", "--name", "yes", "010"),
]
SWITCHES = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
FUZZ = st.one_of(st.text(), st.sampled_from([*NASTY, "", " ", "a\nb", "a\0b", "\ud800", "x" * 300]))


def request(verb_name: str, **values: str) -> Request:
    """What the command line ``--option='value'`` binds; the quotes keep the value as it is."""
    verb = find_verb(verb_name)
    assert verb is not None
    lists = {p.name for p in verb.parameters if p.kind == "texts"}
    words = [
        f"{verb.parameter(name).option}=" + (value if name in lists else f"'{value}'") for name, value in values.items()
    ]
    return bind(verb, parse(verb, normalise(verb, [verb.name, *words]).tokens))


def network(**values: str) -> Request:
    plain = {
        "name": "lab",
        "vswitchName": "External",
        "ipAddressPrefix": "10.0.0.0/24",
        "gateway": "10.0.0.1",
        "dnsServers": "10.0.0.2",
        "vipPoolStart": "10.0.0.200",
        "vipPoolEnd": "10.0.0.220",
        "k8sNodeIpPoolStart": "10.0.0.10",
        "k8sNodeIpPoolEnd": "10.0.0.100",
    }
    return request("new-cluster-network", **plain | values)


def inventory(switch: str, names: list[str], windows: list[str]) -> tuple[Host, ...]:
    """Hosts as a hosts file gives them; the switch is a key there."""
    entries = [
        {
            "name": name,
            "address": f"10.0.0.{10 + n}",
            "os": "windows" if name in windows else "linux",
            "connection": "psrp" if name in windows else "ssh",
            "interfaces": {switch: "Ethernet 2 (\u00fc)" if name in windows else "eth0"},
            "capacity": {"cpus": 8, "memory_gb": 32},
        }
        for n, name in enumerate((*names, *windows))
    ]
    return hosts_file.parse(json.dumps({"hosts": entries}).encode(), ".json", "/")


def define(net: Request, cluster: Request, hosts: list[str], windows: list[str]) -> Desired:
    """All the way from what was bound to what is desired, to a folder."""
    checked = check_network(read_network(net), Snapshot())
    found = {host.key: host for host in inventory(checked.vswitch_name, hosts, windows)}
    snapshot = Snapshot(networks={checked.key: checked}, hosts=found)
    wanted, on = read_cluster(cluster, snapshot)
    check(Choice(cluster=wanted, given=cluster.given))
    check_cluster(wanted, on)
    return place(wanted, on, snapshot, offline=True)


def files(desired: Desired) -> Iterator[tuple[str, str, str]]:
    """Host, path and text of every file."""
    for host in dict.fromkeys(node.host for node in desired.nodes):
        for file in render_bundle(desired, host, {}, {"ca": "PEM\n"}, TEMPLATES).files:
            yield host, file.path, file.content or ""


def documents(text: str) -> list[Any]:
    """The documents of a YAML file, which parsers of YAML 1.1 and 1.2 must see alike."""
    by_pyyaml = list(yaml.safe_load_all(text))
    assert by_pyyaml == list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))
    return by_pyyaml


def read(path: str, text: str) -> Any:
    """What the format's own parser makes of a file; words in lines where a format has no quoting."""
    if path.endswith((".yaml", "calicoctl.cfg")):
        return documents(text)
    if path.endswith(".toml"):
        return tomllib.loads(text)
    if path.endswith((".json", "flannel.conf")):
        return json.loads(text)
    if path.endswith(".ps1"):
        tree = Parser(Language(tree_sitter_pwsh.language())).parse(text.encode())
        assert not tree.root_node.has_error, path
        return tree
    if text.startswith("#!/bin/sh"):
        return shlex.split(text, comments=True)
    return [line.split() for line in text.splitlines()]


def shapes(desired: Desired) -> dict[tuple[str, str], list[int]]:
    """How many words each line of a file has, for formats without quoting."""
    found = {(host, path): read(path, text) for host, path, text in files(desired)}
    return {
        place: [len(line) for line in lines]
        for place, lines in found.items()
        if place[1].endswith(("haproxy.cfg", ".conf")) and not place[1].endswith("flannel.conf")
    }


def check_files(desired: Desired) -> None:
    """Every file against the definition that it was made of."""
    cluster = desired.cluster
    nodes = {node.name: node for node in desired.nodes}
    pools = {pool.name: pool for pool in cluster.node_pools}
    for host, path, text in files(desired):
        found, node = read(path, text), nodes[host]
        if path.endswith("objects.json"):
            [kept] = msgspec.json.decode(text, type=HostObjects).clusters
            assert (kept.cluster, kept.network, kept.nodes) == (cluster, desired.network, (node,))
        elif path.startswith(KUBEADM):
            check_kubeadm(found, desired, host)
        elif path.endswith("10-installation.yaml"):
            spec = found[0]["spec"]["calicoNetwork"]
            assert [pool["cidr"] for pool in spec["ipPools"]] == list(cluster.pod_cidrs)
        elif path.endswith("haproxy.cfg"):
            servers = [line[1:] for line in found if line[:1] == ["server"]]
            assert servers == [[n.name, f"{n.address}:6443"] for n in desired.by_role("control-plane")]
            assert ["frontend", f"fe_{cluster.key}.kube_apiserver"] in found
        elif path.endswith("keepalived.conf"):
            assert ["router_id", host] in found and ["interface", node.interface] in found
            assert ["virtual_router_id", str(desired.router_id)] in found
        if node.pool and path.startswith(KUBEADM):
            assert f"aksprov/node-pool={pools[node.pool].name}" in text


def check_kubeadm(found: list[dict[str, Any]], desired: Desired, host: str) -> None:
    node = next(n for n in desired.nodes if n.name == host)
    registration = found[0]["nodeRegistration"]
    assert registration["name"] == host
    if node.pool:
        [pool] = [p for p in desired.cluster.node_pools if p.name == node.pool]
        taints = [(t["key"], t.get("value", ""), t["effect"]) for t in registration.get("taints", [])]
        assert taints == [(t.key, t.value, t.effect) for t in pool.taints]
    if node.role == "control-plane" and node.index == 0:
        networking, cluster = found[1]["networking"], desired.cluster
        assert (networking["podSubnet"], networking["serviceSubnet"]) == (cluster.pod_subnet, cluster.service_subnet)
        assert found[1]["clusterName"] == cluster.key


TAINT = st.from_regex(
    r"([a-z]([a-z0-9.-]{0,20}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?"
    r"(=([A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?)?)?:(NoSchedule|PreferNoSchedule|NoExecute)",
    fullmatch=True,
)


@st.composite
def definitions(draw: st.DrawFn) -> tuple[Request, dict[str, str], list[str], list[str]]:
    """A network, a cluster's values, and names of Linux and of Windows hosts."""
    names = draw(st.lists(st.one_of(NAMES, LONG), min_size=7, max_size=7, unique_by=str.lower))
    windows = draw(st.integers(0, 1))
    net = network(name=names[0], vswitchName=draw(SWITCHES), macPoolName=draw(SWITCHES))
    values = {
        "name": names[1],
        "nodePoolName": names[2],
        "kubernetesVersion": draw(st.sampled_from([offered.version for offered in OFFERED])),
        "primaryNetworkPlugin": draw(st.sampled_from(["calico", "flannel"])),
        "podCidr": str(ip_network((f"10.{draw(st.integers(100, 200))}.0.0", draw(st.integers(16, 22))))),
        "serviceCidr": str(ip_network((f"10.{draw(st.integers(30, 90))}.0.0", draw(st.integers(16, 28))))),
        "nodeMaxPodCount": str(draw(st.integers(51, 250))),
        "osType": "Windows" if windows else "Linux",
    }
    taints = draw(st.lists(TAINT, max_size=3))
    if taints:
        values["taints"] = ",".join(taints)
    return net, values, names[3 : 6 - windows], names[6 - windows : 6]


@settings(max_examples=60)
@given(definitions())
def test_what_a_definition_says_is_what_its_files_say(
    drawn: tuple[Request, dict[str, str], list[str], list[str]],
) -> None:
    net, values, hosts, windows = drawn
    try:
        desired = define(net, request("new-cluster", **values), hosts, windows)
    except AksprovError as error:
        assert error.code in ("NetworkPluginNotAvailable", "NetworkPluginCannot", "TaintTwice"), error.to_dict()
        assume(False)
        raise
    assert desired.cluster.name == values["name"]
    check_files(desired)


def plain(cluster: Cluster) -> Desired:
    """A cluster like another one whose names are ordinary."""
    version, dataplane = cluster.kubernetes_version, cluster.calico_dataplane
    words = request("new-cluster", name="demo", nodePoolName="p", kubernetesVersion=version, calicoDataplane=dataplane)
    return define(network(), words, ["cp1", "lb1", "w1"], [])


PARAMETERS = [
    *("name", "nodePoolName", "taints", "podCidr", "serviceCidr", "osSku", "vnet", "nodeVmSize", "nodeCount"),
    *("kubernetesVersion", "calicoDataplane"),
]
NETWORK_PARAMETERS = [
    *("name", "vswitchName", "macPoolName", "gateway", "dnsServers", "ipAddressPrefix", "vipPoolEnd", "site", "vlanID"),
]


@given(parameter=st.sampled_from(PARAMETERS), value=FUZZ)
def test_any_text_in_a_cluster_is_refused_or_arrives_whole(parameter: str, value: str) -> None:
    """And in formats that have no quoting it changes no line's number of words."""
    values = {"name": "demo", "nodePoolName": "pool", parameter: value}
    try:
        desired = define(network(), request("new-cluster", **values), ["cp1", "lb1", "w1"], [])
    except AksprovError as error:
        assert error.exit_code in REFUSED, error.to_dict()
        return
    check_files(desired)
    assert shapes(desired) == shapes(plain(desired.cluster))


@given(parameter=st.sampled_from(NETWORK_PARAMETERS), value=FUZZ)
def test_any_text_in_a_network_is_refused_or_arrives_whole(parameter: str, value: str) -> None:
    try:
        net = network(**{parameter: value})
        desired = define(net, request("new-cluster", name="demo", nodePoolName="pool"), ["cp1", "lb1", "w1"], [])
    except AksprovError as error:
        assert error.exit_code in REFUSED, error.to_dict()
        return
    check_files(desired)
    if parameter == "vswitchName":
        assert desired.network.vswitch_name == value
