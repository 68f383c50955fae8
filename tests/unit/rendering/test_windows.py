"""Windows workers: their files say what each version of each program understands, and the same thing everywhere."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sample_cluster import windows_cluster

from aksprov.cmdlets.versions import OFFERED
from aksprov.errors import DefinitionError
from aksprov.model.cluster import Taint
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.objects import WINDOWS_OBJECTS_PATH, HostObjects
from aksprov.model.windows import HOME, Features, Firewall, Services
from aksprov.rendering.bundle import render_bundle
from aksprov.rendering.templates import Templates

TEMPLATES = Templates.load()
JOIN = "C:/etc/kubernetes/aksprov/kubeadm-join.yaml"
CONTAINERD = "C:/Program Files/containerd/config.toml"
KUBE_PROXY = f"{HOME}/kube-proxy/kube-proxy.yaml"
VERSIONS = [offered.version for offered in OFFERED]
PLUGINS = ["calico", "flannel"]
# kubelet flag -> the minor in which it is gone; CHANGELOGs of 1.27, 1.35, 1.26.
GONE = {"container-runtime": 27, "pod-infra-container-image": 35, "log-dir": 26, "logtostderr": 26}


def contents(what: Desired, facts: dict[str, Facts] | None = None, templates: Templates = TEMPLATES) -> dict[str, str]:
    """Path -> text of the Windows worker's files."""
    return {f.path: f.content or "" for f in render_bundle(what, "w2", facts or {}, {}, templates).files}


def with_windows_pool(what: Desired, **fields: Any) -> Desired:
    """The same with other values in the pool of its Windows worker."""
    linux, windows = what.cluster.node_pools
    pool = msgspec.structs.replace(windows, **fields)
    nodes = tuple(msgspec.structs.replace(n, pool=pool.name) if n.host == "w2" else n for n in what.nodes)
    cluster = msgspec.structs.replace(what.cluster, node_pools=(linux, pool))
    return msgspec.structs.replace(what, cluster=cluster, nodes=nodes)


def command(files: dict[str, str], service: str) -> list[str]:
    """A service's command line as words; the program is in quotes."""
    services = msgspec.json.decode(files[f"{HOME}/services.json"], type=Services).services
    (line,) = (s.binary_path_name for s in services if s.name == service)
    opening, program, rest = line.split('"')
    assert opening == ""
    return [program, *rest.split(" ")[1:]]


def flags(words: list[str]) -> dict[str, str]:
    """Flag -> value of the words that are flags."""
    pairs = (word.removeprefix("--").partition("=") for word in words if word.startswith("--"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_windows_host_gets_windows_files_only(version: str, plugin: str) -> None:
    """On drive C:, none of them twice for a system that ignores case."""
    paths = list(contents(windows_cluster(plugin, version)))
    assert {path[:3] for path in paths} == {"C:/"}
    assert len({path.lower() for path in paths}) == len(paths)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_scripts_have_a_mark_and_crlf_and_other_files_neither(plugin: str) -> None:
    """Windows PowerShell needs both; a byte order mark breaks readers of TOML, YAML and JSON that come from Linux."""
    for path, text in contents(windows_cluster(plugin)).items():
        if path.endswith(".ps1"):
            assert text.startswith("\ufeff")
            assert text[1:].isascii()
            assert text.count("\n") == text.count("\r\n") == text.count("\r")
        else:
            assert "\ufeff" not in text
            assert "\r" not in text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_kubelet_has_no_flag_that_its_version_lacks(version: str) -> None:
    """It would not start; what an older one needs is there."""
    given_flags = flags(command(contents(windows_cluster("flannel", version)), "kubelet"))
    minor = int(version.split(".")[1])
    there = {flag for flag in GONE if flag in given_flags}
    assert there == {flag for flag, gone in GONE.items() if minor < gone}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_windows_cannot_do_is_off_in_every_version(version: str) -> None:
    found = flags(command(contents(windows_cluster("flannel", version)), "kubelet"))
    expected = {
        "cgroups-per-qos": "false",
        "enforce-node-allocatable": "",
        "resolv-conf": "",
        "hostname-override": "w2",
    }
    assert expected.items() <= found.items()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_program_that_writes_no_log_file_is_given_one(version: str) -> None:
    """A service has no standard error; kube-log-runner's command line ends where the program's begins."""
    for service in ("kubelet", "kube-proxy"):
        words = command(contents(windows_cluster("flannel", version)), service)
        own, runner = rf"C:\k\{service}.exe", r"C:\k\kube-log-runner.exe"
        logs = f"C:/var/log/{service}"
        if int(version.split(".")[1]) < 26:
            assert words[:3] == [own, f"--log-dir={logs}", "--logtostderr=false"]
        else:
            assert words[:3] == [runner, f"--log-file={logs}/{service}.log", own]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_kubelets_service_says_what_the_join_document_says(version: str) -> None:
    """kubeadm writes the document's arguments into a file that a native service does not read."""
    files = contents(windows_cluster("flannel", version))
    node = yaml.safe_load(files[JOIN])["nodeRegistration"]
    extra = node["kubeletExtraArgs"]  # v1beta4 has a list where the older ones have a map
    arguments = {a["name"]: a["value"] for a in extra} if isinstance(extra, list) else extra
    found = flags(command(files, "kubelet"))
    assert arguments.items() <= found.items()
    assert found["node-labels"] == "aksprov/node-pool=WinPool"
    assert found["max-pods"] == "60"
    assert found["container-runtime-endpoint"] == node["criSocket"] == "npipe:////./pipe/containerd-containerd"
    taints = [f"{t['key']}={t['value']}:{t['effect']}" for t in node["taints"]]
    assert found["register-with-taints"].split(",") == taints == ["sku=Windows:NoSchedule"]


TEXTS = st.one_of(st.text(), st.from_regex(r"[ -~]*", fullmatch=True), st.from_regex(r"[a-z0-9./-]+", fullmatch=True))


@given(value=TEXTS, effect=TEXTS)
def test_a_text_stays_one_word_of_the_command_line_or_is_refused(value: str, effect: str) -> None:
    """The service manager would also expand %NAME%."""
    pool = with_windows_pool(windows_cluster(), taints=(Taint(key="k", value=value, effect=effect),))
    try:
        words = command(contents(pool), "kubelet")
    except DefinitionError as error:
        assert (error.code, error.where) == ("RenderUnsafe", f"{HOME}/services.json")
        assert not (value + effect).isalnum() or not (value + effect).isascii()
        return
    assert len(words) == len(command(contents(windows_cluster()), "kubelet"))
    assert f"--register-with-taints={pool.cluster.node_pools[1].taints[0]}" in words
    assert "%" not in "".join(words)


@pytest.mark.parametrize(
    ("installed", "folders"),
    [("1.7.24", {"bin_dir": "C:/opt/cni/bin"}), ("2.0.5", {"bin_dir": "C:/opt/cni/bin"}),
     ("2.1.0", {"bin_dirs": ["C:/opt/cni/bin"]}), ("", {"bin_dirs": ["C:/opt/cni/bin"]})],
)  # fmt: skip
def test_containerd_looks_for_the_network_where_the_plugins_put_it(installed: str, folders: dict[str, Any]) -> None:
    """In the words of its release; its own defaults on Windows are folders that neither Calico nor Flannel knows."""
    facts = {"w2": Facts(programs={"containerd": installed} if installed else {})}
    plugins = tomllib.loads(contents(windows_cluster(), facts)[CONTAINERD])["plugins"]
    runtime = plugins.get("io.containerd.cri.v1.runtime") or plugins["io.containerd.grpc.v1.cri"]
    assert runtime["cni"] == {**folders, "conf_dir": "C:/etc/cni/net.d"}
    assert runtime["containerd"]["default_runtime_name"] in runtime["containerd"]["runtimes"]


@given(registry=st.text())
def test_any_registry_is_read_back_equal_by_containerd(registry: str) -> None:
    hosts = msgspec.structs.replace(TEMPLATES.image_hosts, kubernetes=registry)
    files = contents(windows_cluster(), templates=Templates(TEMPLATES.sources, hosts))
    images = tomllib.loads(files[CONTAINERD])["plugins"]["io.containerd.cri.v1.images"]
    assert images["pinned_images"]["sandbox"] == f"{registry}/pause:3.10.2"


@pytest.mark.parametrize(("version", "tag"), [("v1.20.15", "3.6"), ("v1.23.17", "3.6"), ("v1.24.17", "3.7")])
def test_old_versions_have_a_pause_image_that_windows_has(version: str, tag: str) -> None:
    """And the kubelet is told the same one."""
    files = contents(windows_cluster("flannel", version))
    sandbox = tomllib.loads(files[CONTAINERD])["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"]
    assert sandbox == flags(command(files, "kubelet"))["pod-infra-container-image"] == f"registry.k8s.io/pause:{tag}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("plugin", "network"), [("calico", "Calico"), ("flannel", "flannel.4096")])
def test_kube_proxy_is_told_of_the_plugins_network(plugin: str, network: str, version: str) -> None:
    """Direct server return is asked for, and its gate named only where it is off: a locked one stops kube-proxy."""
    document = yaml.safe_load(contents(windows_cluster(plugin, version))[KUBE_PROXY])
    assert document["winkernel"] == {"enableDSR": True, "networkName": network}
    minor = int(version.split(".")[1])
    assert document.get("featureGates", {}) == ({"WinDSR": True} if minor < 33 else {})


@pytest.mark.schemas
@pytest.mark.parametrize("version", VERSIONS[:-1])  # no schema of 1.37 is to be had
def test_kube_proxys_configuration_fits_its_schema(version: str) -> None:
    """With the source VIP at its end, as the script puts it there; unknown fields are refused."""
    minor = version.removeprefix("v").rpartition(".")[0]
    folder = Path(os.environ["AKSPROV_TEST_SCHEMAS"])
    schemas = json.loads((folder / f"components-{minor}.json").read_text())["schemas"]
    document = yaml.safe_load(contents(windows_cluster("flannel", version))[KUBE_PROXY] + '  sourceVip: "10.244.3.2"\n')
    assert document["winkernel"]["sourceVip"] == "10.244.3.2"
    jsonschema.Draft202012Validator(schemas["kubeproxy.config.k8s.io/v1alpha1/KubeProxyConfiguration"]).validate(
        document
    )


@pytest.mark.parametrize(("version", "relative"), [("v1.22.17", True), ("v1.23.17", False), ("v1.36.4", False)])
def test_paths_without_a_drive_get_their_folders_where_the_kubelet_looks(version: str, relative: bool) -> None:
    services = msgspec.json.decode(
        contents(windows_cluster("flannel", version))[f"{HOME}/services.json"], type=Services
    )
    assert ("C:/var/lib/kubelet/etc/kubernetes/manifests" in services.folders) is relative
    assert [link.target for link in services.links] == ["C:/etc/kubernetes/pki"] * relative


def test_data_is_read_back_by_the_types_that_describe_it() -> None:
    """The tunnel is open to the network's own addresses only."""
    files = contents(windows_cluster())
    assert msgspec.json.decode(files[f"{HOME}/features.json"], type=Features).features == ("Containers",)
    rules = msgspec.json.decode(files[f"{HOME}/firewall.json"], type=Firewall).rules
    assert {(r.protocol, r.local_port): r.remote_address for r in rules} == {
        ("TCP", "10250"): "Any",
        ("TCP", "10256"): "Any",
        ("TCP", "30000-32767"): "Any",
        ("UDP", "30000-32767"): "Any",
        ("UDP", "4789"): "10.77.0.0/24",
    }
    assert len({r.name for r in rules}) == len(rules)
    kept = msgspec.json.decode(files[WINDOWS_OBJECTS_PATH], type=HostObjects)
    assert [n.host for n in kept.clusters[0].nodes] == ["w2"]


def test_what_a_service_or_task_names_is_in_the_bundle_or_made_on_the_host() -> None:
    """Scripts and configuration that a command line mentions; programs are the installation's."""
    files = contents(windows_cluster())
    services = msgspec.json.decode(files[f"{HOME}/services.json"], type=Services)
    assert [task.script for task in services.tasks] == [path for path in files if path.endswith(".ps1")]
    script = files[services.tasks[0].script]
    assert f"$configuration = '{flags(command(files, 'kube-proxy'))['config']}'" in script
    assert f"$definition = '{KUBE_PROXY}'" in script
    kubeconfig = yaml.safe_load(files[KUBE_PROXY])["clientConnection"]["kubeconfig"]
    assert f"$kubeconfig = '{kubeconfig}'" in script


def test_a_pool_of_each_system_keeps_to_its_own_files() -> None:
    """The Linux worker beside it has no file of Windows'."""
    paths = [f.path for f in render_bundle(windows_cluster(), "w1", {}, {}, TEMPLATES).files]
    assert [p for p in paths if not p.startswith("/")] == []
