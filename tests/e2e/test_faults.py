"""What stops a bring-up is a row with the cause that the host shows, and the same command goes on from there.

One real kubeadm per fault: the tests follow one another on the same hosts, each with one more fault mended.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit import PACKAGES, Kit
from kubernetes_lab import Bench, wait
from minilab import Lab
from minilab.spec import RUNTIME

pytestmark = [pytest.mark.lab, pytest.mark.kubernetes, pytest.mark.slow]
ALIVE = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /healthz"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    nodes = [{"name": name, **RUNTIME} for name in ("cp1", "w1", "w2")]
    with Lab([*nodes, "lb1"], packages=PACKAGES) as lab:
        yield Bench(lab, tmp_path_factory.mktemp("controller"), Kit())


def test_port_6443_is_taken(bench: Bench) -> None:
    bench.lab["cp1"].ssh("systemd-run -q --unit taken socat TCP-LISTEN:6443,fork,reuseaddr EXEC:cat")
    row = bench.failures()["cp1"]
    assert "6443" in row
    bench.lab["cp1"].ssh("systemctl stop taken")


def test_an_api_server_that_never_answers(bench: Bench) -> None:
    """etcd's disk is full. kubeadm's wait of 4 minutes has an end, and what etcd says is in the row."""
    bench.lab["cp1"].ssh("mkdir -p /var/lib/etcd; mount -t tmpfs -o size=64k,mode=0700 none /var/lib/etcd")
    row = bench.failures()["cp1"]
    assert row.startswith("StepFailed: init-control-plane") and "etcd: " in row
    bench.lab["cp1"].ssh("umount /var/lib/etcd")


def test_a_host_of_another_cluster_is_left_alone(bench: Bench) -> None:
    """Before kubeadm is begun there: its files stay as they are, and the other hosts go on."""
    there = "/etc/kubernetes/kubelet.conf /etc/kubernetes/pki/ca.crt"
    bench.lab["w1"].ssh(f"mkdir -p /etc/kubernetes/pki; for file in {there}; do echo other >$file; done")
    rows = bench.failures()
    assert set(rows) >= {"w1"} and rows["w1"].startswith("HostInOtherCluster:")
    assert bench.lab["w1"].ssh(f"cat {there}").stdout == "other\nother\n"
    bench.controller.run("get-credential", "--name", "demo", "--config-path", str(bench.kubeconfig), "--yes")
    assert bench.ready() == {"cp1": "True", "w2": "True"}
    bench.lab["w1"].ssh(f"rm -f {there}")


def test_an_api_server_that_never_answers_again(bench: Bench) -> None:
    """The cause is in the row, from the host's journal; nothing is initialised anew, and the cluster goes on."""
    manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
    bench.make()
    uid = bench.uid()
    bench.lab["cp1"].ssh(
        f"sed -i 's/--authorization-mode/--no-such-flag/' {manifest}; echo '# edited' >>/etc/crictl.yaml"
    )
    row = bench.failures()["cp1"]
    assert row.startswith("ApiServerNotAnswering:") and "kube-apiserver: " in row and "no-such-flag" in row
    bench.lab["cp1"].ssh(f"sed -i 's/--no-such-flag/--authorization-mode/' {manifest}")
    wait(120, "the API server", lambda: bench.lab["cp1"].ssh(ALIVE, check=False).returncode == 0)
    bench.make()
    assert bench.uid() == uid
