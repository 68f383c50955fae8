"""What preparation adds to a plan."""

from __future__ import annotations

import msgspec

from aksprov.model.cluster import Cluster, Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts, Unit
from aksprov.model.host import Role
from aksprov.model.network import AddressRange, Network
from aksprov.model.plan import HostPlan, Plan, PlanStep
from aksprov.model.programs import NODE_PROGRAMS, ProgramSource
from aksprov.planning.bring_up import configuration, started_nodes, with_bring_up
from aksprov.planning.prepare import PREPARE, with_preparation

BARE = Facts()
WHOLE = Facts(programs=dict.fromkeys(NODE_PROGRAMS, "") | dict.fromkeys(("kubelet", "kubeadm", "kubectl"), "1.36.4"))
RUNS = msgspec.structs.replace(WHOLE, units={"kubelet": Unit(active="active", enabled="enabled")})
PLAN = Plan(
    verb="new-cluster",
    objects=("cluster/demo",),
    addresses=(),
    hosts=tuple(HostPlan(name=n, wave=1, steps=(PlanStep(id="manifest", title="m"),)) for n in ("cp1", "lb1", "w1")),
)


ROLES: dict[str, Role] = {"cp1": "control-plane", "lb1": "load-balancer", "w1": "worker"}
DESIRED = Desired(
    cluster=Cluster(
        name="demo", network="lab", kubernetes_version="v1.36.4", programs=ProgramSource(source="packages")
    ),
    network=Network(
        name="lab",
        vswitch_name="eth0",
        ip_address_prefix="10.0.0.0/24",
        gateway="10.0.0.1",
        dns_servers=(),
        vip_pool=AddressRange(start="10.0.0.100", end="10.0.0.100"),
        node_pool=AddressRange(start="10.0.0.200", end="10.0.0.220"),
    ),
    nodes=tuple(
        Node(host=host, cluster="demo", role=role, index=0, address="10.0.0.9", interface="eth0")
        for host, role in ROLES.items()
    ),
    vip="10.0.0.100",
    router_id=51,
)


def prepared(plan: Plan) -> dict[str, str]:
    """Host -> title of its first step, where that is the preparation."""
    return {host.name: host.steps[0].title for host in plan.hosts if host.steps and host.steps[0].id == PREPARE}


def test_nodes_are_prepared_once_kubernetes_is_started_and_load_balancers_before() -> None:
    facts = {"cp1": BARE, "lb1": BARE, "w1": WHOLE}
    assert list(prepared(with_preparation(PLAN, DESIRED, facts, ()))) == ["lb1"]
    starting = with_bring_up(PLAN, DESIRED, {"cp1": 1, "lb1": 1, "w1": 1})
    plan = with_preparation(starting, DESIRED, facts, started_nodes(starting))
    titles = prepared(plan)
    assert "haproxy, keepalived" in titles["lb1"]
    assert "containerd, runc, kubelet" in titles["cp1"]
    assert "nothing" in titles["w1"], "an earlier preparation may not have come to its end"
    assert plan.hash != starting.hash
    assert [configuration(host) for host in plan.hosts] == list(PLAN.hosts)


def test_a_node_that_works_and_preinstalled_hosts_are_left_alone() -> None:
    facts = {"cp1": RUNS, "w1": RUNS}
    assert prepared(with_preparation(PLAN, DESIRED, facts, {"cp1", "w1"})) == {}
    cluster = msgspec.structs.replace(DESIRED.cluster, programs=ProgramSource())
    plain = msgspec.structs.replace(DESIRED, cluster=cluster)
    assert with_preparation(PLAN, plain, {"lb1": BARE, "w1": BARE}, {"w1"}) is PLAN
