"""Definitions become files: values come back equal, bad ones are refused, names stay inside their readers' limits."""

from __future__ import annotations

import io
import tomllib
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from sample_cluster import POOLS, VIP, desired

from aksprov.cmdlets.versions import OFFERED
from aksprov.errors import AksprovError, DefinitionError
from aksprov.model.cluster import Taint
from aksprov.model.derived import apiserver_backend, ca_file
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.node_settings import NodeSettings
from aksprov.model.objects import OBJECTS_PATH, HostObjects
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import ImageHosts, Templates

TEMPLATES = Templates.load()
JOIN, INIT = "/etc/kubernetes/aksprov/kubeadm-join.yaml", "/etc/kubernetes/aksprov/kubeadm-init.yaml"
HAPROXY, KEEPALIVED = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"
CALICO = "/etc/kubernetes/aksprov/calico/10-installation.yaml"
VERSIONS = st.sampled_from([offered.version for offered in OFFERED])
# What a definition might try: quotes, line ends, comments, expansions of every program that reads our files.
TEXTS = st.one_of(
    st.text(),
    st.sampled_from(
        ["a b", "a\nserver evil 1.2.3.4:6443", "$(id)", "{{ x }}", "${HOME}", "'", '"', "#", "!", "\\", "@id", ""]
    ),
)


def contents(what: Desired, host: str) -> dict[str, str]:
    """Path -> text of a host's files."""
    return {f.path: f.content for f in render_bundle(what, host, {}, {"ca": "PEM\n"}, TEMPLATES).files if f.content}


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML file, which both parsers must see alike."""
    by_pyyaml = list(yaml.safe_load_all(text))
    assert by_pyyaml == list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))
    return by_pyyaml


def with_cluster(what: Desired, **fields: Any) -> Desired:
    """The same with other values in its cluster."""
    return msgspec.structs.replace(what, cluster=msgspec.structs.replace(what.cluster, **fields))


def with_node(what: Desired, which: str, /, **fields: Any) -> Desired:
    """The same with other values in one node."""
    nodes = tuple(msgspec.structs.replace(n, **fields) if n.host == which else n for n in what.nodes)
    return msgspec.structs.replace(what, nodes=nodes)


@given(version=VERSIONS, host=TEXTS, address=TEXTS, key=TEXTS, value=TEXTS, effect=TEXTS)
def test_any_text_in_a_join_document_is_read_back_equal(
    version: str, host: str, address: str, key: str, value: str, effect: str
) -> None:
    """In the shape of any version: arguments are a map before v1beta4, a list from there on."""
    pool = msgspec.structs.replace(POOLS[0], taints=(Taint(key=key, value=value, effect=effect),))
    what = with_node(desired(pools=(pool,)), "w1", host=host, address=address)
    what = with_cluster(what, kubernetes_version=version)
    (document,) = documents(contents(what, host)[JOIN])
    registration = document["nodeRegistration"]
    assert registration["name"] == host.lower()
    assert registration["taints"] == [{"key": key, "value": value, "effect": effect}]
    arguments = registration["kubeletExtraArgs"]
    by_name = arguments if isinstance(arguments, dict) else {a["name"]: a["value"] for a in arguments}
    assert by_name["node-ip"] == address


@given(version=VERSIONS, pods=TEXTS, services=TEXTS)
def test_any_text_in_init_and_calico_documents_is_read_back_equal(version: str, pods: str, services: str) -> None:
    what = with_cluster(desired(), kubernetes_version=version, pod_cidrs=(pods,), service_cidrs=(services,))
    files = contents(what, "cp1")
    networking = documents(files[INIT])[1]["networking"]
    assert (networking["podSubnet"], networking["serviceSubnet"]) == (pods, services)
    (installation,) = documents(files[CALICO])
    assert installation["spec"]["calicoNetwork"]["ipPools"][0]["cidr"] == pods


@given(registry=TEXTS)
def test_any_registry_is_read_back_equal_by_containerd_and_kubeadm(registry: str) -> None:
    """Both forms of containerd's configuration; kubeadm pulls from the same place."""
    templates = Templates(TEMPLATES.sources, ImageHosts(kubernetes=registry, flannel=registry))
    sandbox = f"{registry}/pause:3.10.2"
    for containerd, where in (
        ("1.7.24", ("io.containerd.grpc.v1.cri", "sandbox_image")),
        ("2.0.5", ("io.containerd.cri.v1.images", "pinned_images", "sandbox")),
        ("2.2.1", ("io.containerd.cri.v1.images", "pinned_images", "sandbox")),
    ):
        facts = {"cp1": Facts(programs={"containerd": containerd})}
        files = {f.path: f.content or "" for f in render_bundle(desired(), "cp1", facts, {}, templates).files}
        value = tomllib.loads(files["/etc/containerd/config.toml"])["plugins"]
        for key in where:
            value = value[key]
        assert value == sandbox
        assert documents(files[INIT])[1]["imageRepository"] == registry


def shape(text: str) -> list[int]:
    """Words in each line: what a value must not change."""
    return [len(line.split()) for line in text.splitlines()]


@given(server=TEXTS, interface=TEXTS)
def test_haproxy_and_keepalived_keep_their_shape_or_refuse(server: str, interface: str) -> None:
    """A server's name and an interface are the texts in them that come from outside."""
    plain = contents(desired(), "lb1")
    what = with_node(with_node(desired(), "cp2", host=server), "lb1", interface=interface)
    try:
        files = contents(what, "lb1")
    except DefinitionError as error:
        assume(error.code == "RenderUnsafe")
        return
    for path, text in ((HAPROXY, server.lower()), (KEEPALIVED, interface)):
        assert shape(files[path]) == shape(plain[path])
        assert text in files[path].split()


@pytest.mark.parametrize(
    ("what", "host", "code", "words"),
    [
        *(
            (desired(name=name), "w1", "InvalidName", [repr(name), "letters, digits and hyphens"])
            for name in ("a\nb", "a b", "$(reboot)", "{{ x }}", 'a"b', "../../etc", "a" * 64, "", "-a", "\u00fcber")
        ),
        (desired(name="CON"), "w1", "ReservedName", ["CON", "Windows"]),
        (
            desired(pools=(msgspec.structs.replace(POOLS[0], name="a,b=c"),)),
            "w1",
            "InvalidName",
            ["a,b=c", "node pool"],
        ),
        (with_node(desired(), "cp1", host="cp1 maxconn 1"), "lb1", "RenderUnsafe", ["haproxy.cfg", "cp1 maxconn 1"]),
        (with_node(desired(), "lb1", interface="eth0\n"), "lb1", "RenderUnsafe", ["keepalived.conf", "eth0"]),
        (with_node(desired(), "lb1", interface=""), "lb1", "RenderUnsafe", ["keepalived.conf", "empty"]),
        (with_node(desired(), "lb1", interface="enx0123456789abc"), "lb1", "RenderUnsafe", ["15", "lb1", "ip link"]),
        (with_cluster(desired(), kubernetes_version="v1.19.16"), "cp1", "VersionNotAvailable", ["v1.19.16", "1.20 to"]),
    ],
)  # fmt: skip
def test_bad_input_is_refused(what: Desired, host: str, code: str, words: list[str]) -> None:
    with pytest.raises(AksprovError) as caught:
        render_bundle(what, host, {}, {}, TEMPLATES)
    assert caught.value.code == code
    said = " ".join(map(str, caught.value.to_dict().values()))
    assert [w for w in words if w not in said] == []
    assert caught.value.fix


def test_names_of_63_characters_stay_inside_their_readers_limits() -> None:
    """File names get at most 255 bytes, a suffix of the swap included; labels 63."""
    long = "Z" * 63
    what = desired(name=long, pools=(msgspec.structs.replace(POOLS[0], name=long),))
    paths = [f.path for host in ("cp1", "lb1", "w1") for f in render_bundle(what, host, {}, {}, TEMPLATES).files]
    assert max(len(PurePosixPath(path).name) for path in paths) < 200
    assert ca_file(long.lower()) in paths
    assert f"backend {apiserver_backend(long.lower())}\n" in contents(what, "lb1")[HAPROXY]


@pytest.mark.parametrize(
    ("max_pods", "block"),
    [(51, 25), (110, 25), (123, 25), (124, 24), (250, 24), (251, 24), (252, 23), (10_000, 20)],
)
def test_a_block_holds_the_pods_of_a_node(max_pods: int, block: int) -> None:
    """With the tunnel's address and the four that Windows reserves; a control plane takes 110 pods in any case."""
    what = desired(control_planes=1, pools=(msgspec.structs.replace(POOLS[0], max_pods=max_pods),))
    (installation,) = documents(contents(what, "cp1")[CALICO])
    assert installation["spec"]["calicoNetwork"]["ipPools"][0]["blockSize"] == block


def test_an_older_calico_takes_nodes_of_every_network_that_pools_are_on() -> None:
    """Newer ones take the address that the kubelet has, wherever it is."""
    old = with_cluster(desired(), kubernetes_version="v1.20.2")
    far = msgspec.structs.replace(old.network, name="far", ip_address_prefix="10.9.0.0/24")
    what = msgspec.structs.replace(old, pool_networks={POOLS[0].name: far})
    (installation,) = documents(contents(what, "cp1")[CALICO])
    taken = installation["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"]["cidrs"]
    assert taken == [old.network.ip_address_prefix, "10.9.0.0/24"]


def test_only_a_pool_that_departs_from_the_clusters_max_pods_says_so() -> None:
    flags = {
        h: documents(contents(desired(), h)[JOIN])[0]["nodeRegistration"]["kubeletExtraArgs"] for h in ("w1", "w2")
    }
    assert [a["value"] for a in flags["w1"] if a["name"] == "max-pods"] == []
    assert [a["value"] for a in flags["w2"] if a["name"] == "max-pods"] == ["200"]


@pytest.mark.parametrize("version", ["v1.20.15", "v1.30.14", "v1.36.4"])
def test_each_node_has_the_name_servers_of_its_own_host(version: str) -> None:
    """The stub of systemd-resolved is an address of the host itself; who sets resolvConf means it for all."""
    resolved = "/run/systemd/resolve/resolv.conf"
    facts = {"cp1": Facts(resolver=resolved), "w1": Facts(resolver="/etc/resolv.conf")}

    def arguments(what: Desired, host: str) -> tuple[str | None, str | None]:
        files = {f.path: f.content for f in render_bundle(what, host, facts, {"ca": "PEM\n"}, TEMPLATES).files}
        (first, *others) = documents(files[INIT if host == "cp1" else JOIN] or "")
        found = first["nodeRegistration"]["kubeletExtraArgs"]
        flags = found if isinstance(found, dict) else {a["name"]: a["value"] for a in found}
        return flags.get("resolv-conf"), next((d["resolvConf"] for d in others if "resolvConf" in d), None)

    what = with_cluster(desired(), kubernetes_version=version)
    assert arguments(what, "cp1") == (resolved, "/etc/resolv.conf")
    assert arguments(what, "w1") == (None, None)
    settings = NodeSettings(kubelet={"resolvConf": "/etc/ours"})
    assert arguments(with_cluster(what, node_settings=settings), "cp1") == (None, "/etc/ours")


def test_the_state_can_be_rebuilt_from_what_a_host_keeps() -> None:
    """Definitions, this node, its lease and the VIP's, and nothing of other hosts."""
    what = desired()
    kept = msgspec.json.decode(contents(what, "w1")[OBJECTS_PATH], type=HostObjects)
    (objects,) = kept.clusters
    assert (objects.cluster, objects.network, objects.router_id) == (what.cluster, what.network, what.router_id)
    assert objects.nodes == tuple(n for n in what.nodes if n.host == "w1")
    assert sorted(x.address for x in objects.leases) == sorted([VIP, objects.nodes[0].address])


def test_every_load_balancer_has_its_own_priority() -> None:
    """keepalived: nopreempt needs BACKUP everywhere, and different priorities."""
    priorities = [
        line.split()[1]
        for host in ("lb1", "lb2", "lb3")
        for line in contents(desired(load_balancers=3), host)[KEEPALIVED].splitlines()
        if line.split()[:1] == ["priority"]
    ]
    assert len(set(priorities)) == 3
