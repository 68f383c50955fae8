"""A node pool of a running cluster from Ansible: it comes, grows, shrinks and goes, and check mode does none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kit import PACKAGES, Kit
from kubernetes_lab import Bench
from minilab import Lab
from minilab.spec import RUNTIME
from playbooks import Ansible

pytestmark = [pytest.mark.lab, pytest.mark.ansible, pytest.mark.kubernetes, pytest.mark.slow]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    nodes = [{"name": name, **RUNTIME} for name in ("cp1", "w1", "w2", "w3")]
    with Lab([*nodes, "lb1"], packages=PACKAGES) as lab:
        bench = Bench(lab, tmp_path_factory.mktemp("controller"), Kit(), spare=2)
        bench.make()
        yield bench


def test_a_node_pool_comes_grows_shrinks_and_goes(bench: Bench) -> None:
    ansible = Ansible(bench.controller.directory, bench.controller.state, inside=bench.lab.inside)
    fetch = {"aksprov.hci.get_credential": {"name": "demo", "config_path": str(bench.kubeconfig)}}
    fetched, again = ansible.play([fetch, fetch])
    assert (fetched["changed"], again["changed"]) == (True, False), again
    assert bench.ready() == {"cp1": "True", "w1": "True"}

    def pool(**values: Any) -> dict[str, Any]:
        return {"aksprov.hci.node_pool": {"cluster_name": "demo", "name": "extra", **values}}

    for task, more in (
        (pool(count=1, taints=["sku=gpu:NoSchedule"]), {"w2"}),
        (pool(count=2), {"w2", "w3"}),
        (pool(count=1), {"w2"}),
        (pool(state="absent"), set()),
    ):
        before = bench.ready()
        (rehearsed,) = ansible.play([task], "--check", "--diff")
        assert rehearsed["changed"] and bench.ready() == before, rehearsed
        done, again = ansible.play([task, task])
        assert (done["changed"], again["changed"]) == (True, False), (done, again)
        assert bench.ready() == dict.fromkeys({"cp1", "w1"} | more, "True")
        if "w2" in more:
            assert bench.get("node", "w2")["spec"]["taints"][0]["key"] == "sku"
