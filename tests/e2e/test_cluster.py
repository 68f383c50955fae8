"""A real cluster of one control plane, one worker and one load balancer, by the product's own commands.

Made, used, grown, shrunk and removed.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from current_kubectl import current_kubectl
from kit import PACKAGES, Kit
from kubernetes_lab import Bench, wait
from minilab import Lab
from minilab.spec import RUNTIME

pytestmark = [pytest.mark.lab, pytest.mark.kubernetes]
TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
LOOK = (
    "cd /var/lib; find /etc/kubernetes /etc/cni/net.d kubelet etcd aksprov /run/aksprov -type f 2>/dev/null; "
    "ls /sys/class/net | grep -E 'cni|veth'; iptables-save | grep -E 'KUBE|CNI'; ctr -n k8s.io tasks ls -q; "
    "systemctl is-active kubelet; systemctl is-enabled kubelet"
)
WEB = Path(__file__).with_name("web.yaml")
# A proxy where nobody answers, for all but the hosts and the services, as sites have it.
PROXY = (
    "mkdir -p /etc/systemd/system.conf.d && printf '[Manager]\nDefaultEnvironment=HTTPS_PROXY=http://10.77.0.1:9 "
    "NO_PROXY=10.77.0.0/16,10.96.0.0/12,127.0.0.1\n' >/etc/systemd/system.conf.d/proxy.conf && systemctl daemon-reexec"
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    nodes = [{"name": name, **RUNTIME} for name in ("cp1", "w1", "w2")]
    with Lab([*nodes, "lb1"], packages=PACKAGES) as lab:
        for name in ("cp1", "w1"):
            lab[name].ssh(PROXY)
        yield Bench(lab, tmp_path_factory.mktemp("controller"), Kit(), spare=1)


def test_killed_at_five_points_the_same_command_completes(bench: Bench) -> None:
    """What was done stays: its data are those of the first init; static pods have no proxy of their host."""
    bench.kill_at("step.started", "init-control-plane")
    bench.kill_at("step.finished", "init-control-plane")
    uid = bench.uid()
    bench.kill_at("step.started", "join-worker")
    bench.kill_at("step.finished", "join-worker")
    bench.kill_at("step.started", "apply-network-plugin")
    assert "ProxyInEnvironment" in bench.make().stdout
    assert bench.uid() == uid
    static = bench.lab["cp1"].ssh("cat /etc/kubernetes/manifests/*").stdout
    assert "kube-apiserver" in static and "PROXY" not in static
    assert bench.controller.json("get-cluster", "--name", "demo")[0]["ProvisioningState"] == "Deployed"


def test_the_same_command_again_changes_nothing(bench: Bench) -> None:
    """Nor is what runs a row of what would be in its way."""
    said = bench.make()
    assert "nothing to change" in said.stderr
    rows = re.findall(r"^(?:Warning|Failed|Skipped) +\S.*?  +(\w+)", said.stdout, re.MULTILINE)
    assert set(rows) == {"NodeSettings", "ProxyInEnvironment"}


def test_an_edited_file_of_a_running_cluster_is_put_right(bench: Bench) -> None:
    bench.lab["w1"].ssh("echo '# edited' >> /etc/crictl.yaml")
    bench.make()
    assert "edited" not in bench.lab["w1"].ssh("cat /etc/crictl.yaml").stdout
    assert bench.controller.json("get-cluster", "--name", "demo")[0]["ProvisioningState"] == "Deployed"


def test_the_credential_is_taken_by_kubectl_beside_others(bench: Bench) -> None:
    other = {
        "apiVersion": "v1",
        "kind": "Config",
        "contexts": [{"name": "other", "context": {"cluster": "there", "user": "me"}}],
    }
    bench.kubeconfig.write_text(yaml.safe_dump(other))
    bench.controller.run("get-credential", "--name", "demo", "--config-path", str(bench.kubeconfig), check=64)
    bench.controller.run("get-credential", "--name", "demo", "--config-path", str(bench.kubeconfig), "--yes")
    assert stat.S_IMODE(bench.kubeconfig.stat().st_mode) == 0o600
    assert yaml.safe_load(bench.kubeconfig.with_name(f"{bench.kubeconfig.name}.bak").read_text()) == other
    assert "other" in bench.kubectl("config", "get-contexts", "-o", "name").split()
    assert bench.ready() == {"cp1": "True", "w1": "True"}


def test_a_current_kubectl_takes_the_credential_too(bench: Bench) -> None:
    nodes = bench.kubectl("get", "nodes", "-o", "name", program=current_kubectl())
    assert nodes.split() == ["node/cp1", "node/w1"]


def test_the_api_server_answers_for_its_dns_name(bench: Bench) -> None:
    pem = bench.lab["cp1"].ssh("cat /etc/kubernetes/pki/apiserver.crt").stdout.encode()
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "demo.example.org" in names.get_values_for_type(x509.DNSName)


def test_no_token_is_left_anywhere(bench: Bench) -> None:
    kinds = {secret["type"] for secret in bench.get("secrets", "-n", "kube-system")["items"]}
    assert "bootstrap.kubernetes.io/token" not in kinds
    written = [
        path for path in bench.controller.directory.rglob("*") if path.is_file() and path.name.startswith("state")
    ]
    assert written
    assert not [path for path in written if TOKEN.search(path.read_bytes().decode("latin-1"))]
    for node in ("cp1", "w1"):
        said = bench.lab[node].ssh(
            "ls -I kubectl /run/aksprov; "
            "journalctl --no-pager -o cat | grep -E '[a-z0-9]{6}[.][a-z0-9]{16}' | grep token",
            check=False,
        )
        assert said.stdout == ""


def test_pods_reach_one_another_and_are_reached(bench: Bench) -> None:
    """Pod to pod, ClusterIP, NodePort: each answers with a pod's name."""
    bench.kubectl("apply", "-f", "-", stdin=WEB.read_text())
    wait(90, "web pods", lambda: bench.get("deployment", "web")["status"].get("readyReplicas") == 2)
    pods = {p["metadata"]["name"]: p for p in bench.get("pods", "-l", "app=web")["items"]}
    assert {p["spec"]["nodeName"] for p in pods.values()} == {"cp1", "w1"}
    address = bench.get("service", "web")["spec"]["clusterIP"]
    for name in pods:
        for other, pod in pods.items():
            url = f"http://{pod['status']['podIP']}:8080/"
            assert bench.kubectl("exec", name, "--", "wget", "-qO-", url).strip() == other
        command = f"for n in 1 2 3 4 5 6 7 8 9; do wget -qO- http://{address}/ 2>&1 && break; sleep 1; done"
        assert bench.kubectl("exec", name, "--", "sh", "-c", command).strip() in pods
    for node in ("cp1", "w1"):
        url = f"http://{bench.lab[node].ip}:30080/"
        # kube-proxy hears of a service a moment after the API server does
        asked = ["curl", "-s", "-m", "5", url]
        wait(30, url, lambda asked=asked: bench.lab.run(asked, check=False).stdout.strip() in pods)


def test_the_pool_grows_to_two_and_shrinks_again(bench: Bench) -> None:
    """A pod that is not a DaemonSet's moves; the host that left is as it was found, and its address is free."""
    pool = ("--cluster-name", "demo", "--name", "linuxpool")
    bench.controller.run("set-node-pool", *pool, "--count", "2", timeout=400)
    assert bench.ready() == {"cp1": "True", "w1": "True", "w2": "True"}
    assert "nothing to change" in bench.controller.run("set-node-pool", *pool, "--count", "2").stderr
    bench.kubectl("scale", "deployment", "web", "--replicas=3")
    wait(60, "a pod on each node", lambda: bench.get("deployment", "web")["status"].get("readyReplicas") == 3)
    bench.controller.run("set-node-pool", *pool, "--count", "1", check=64)
    bench.controller.run("set-node-pool", *pool, "--count", "1", "--yes", timeout=400)
    assert bench.ready() == {"cp1": "True", "w1": "True"}
    assert bench.controller.json("get-node-pool", *pool)[0]["Nodes"] == ["w1"]
    server = f"https://{bench.lab['cp1'].ip}:6443"
    may = f"kubectl --kubeconfig /etc/kubernetes/aksprov/nodes.conf --server {server} auth can-i"
    rights = ("delete nodes", "create pods --subresource eviction", "get secrets", "create pods")
    asked = "; ".join(f"{may} {right}" for right in rights)
    assert bench.lab["cp1"].ssh(asked, check=False).stdout.split() == ["yes", "yes", "no", "no"]
    assert bench.lab["w2"].ssh(LOOK, check=False).stdout.split() == ["inactive", "disabled"]
    addresses = bench.controller.json("get-cluster-network", "--name", "labnet", "--addresses")
    assert bench.lab["w2"].ip not in str(addresses)


def test_a_removed_cluster_leaves_its_hosts_as_they_were_found(bench: Bench) -> None:
    bench.controller.run("remove-cluster", "--name", "demo", "--yes", timeout=400)
    for node in bench.nodes:
        assert bench.lab[node].ssh(LOOK, check=False).stdout.split() == ["inactive", "disabled"], node
