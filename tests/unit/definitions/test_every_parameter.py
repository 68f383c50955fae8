"""Every parameter does something, or is refused with exit code 69: none is taken and ignored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import definition_cases as cases
import pytest

from aksprov.cli.main import run
from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.declaration import Parameter, Verb

NETWORK, SETTING = cases.network(), cases.network("new-network-setting")
BALANCER = "new-load-balancer-setting --name lb --load-balancer-sku HAProxy"
CLUSTER = cases.cluster("--kubernetes-version v1.36.4 --what-if --output-dir review")
POOL = f"{CLUSTER} --node-pool-name pool"
NODE_POOL = "new-node-pool --cluster-name old --name more --what-if"
OWN_POOL = "new-node-pool --cluster-name old --name old-linux"
SET_CLUSTER = "set-cluster --name old --control-plane-node-count 9"
SET_POOL = "set-node-pool --cluster-name old --name old-linux --count 9"
REMOVE_POOL = "remove-node-pool --cluster-name old --name old-linux"
BUNDLE = "new-offline-bundle --folder missing --output-dir out --kubernetes-version v1.36.4"
OFFLINE = "enable-offline-download --staging-share missing"
POOLS = "set-cluster-network --name lab --yes"
# verb -> parameter -> two command lines that differ in it, and so in what they do.
EFFECTS: dict[str, dict[str, tuple[str, str]]] = {
    "new-cluster-network": {
        "name": (NETWORK, cases.network(name="lab3")),
        "vswitchName": (NETWORK, cases.network(vswitch_name="Other [\u00fc]")),
        "ipAddressPrefix": (NETWORK, cases.network(ip_address_prefix="10.20.0.0/23")),
        "gateway": (NETWORK, cases.network(gateway="10.20.0.3")),
        "dnsServers": (NETWORK, cases.network(dns_servers="10.20.0.3")),
        "vipPoolStart": (NETWORK, cases.network(vip_pool_start="10.20.0.201")),
        "vipPoolEnd": (NETWORK, cases.network(vip_pool_end="10.20.0.221")),
        "k8sNodeIpPoolStart": (NETWORK, cases.network(k8s_node_ip_pool_start="10.20.0.11")),
        "k8sNodeIpPoolEnd": (NETWORK, cases.network(k8s_node_ip_pool_end="10.20.0.101")),
        "vlanID": (NETWORK, cases.network(vlan_id="7")),
        "macPoolName": (NETWORK, cases.network(mac_pool_name="MocMacPool")),
        "site": (NETWORK, cases.network(site="shop17")),
        "upgradeReserve": (NETWORK, cases.network(upgrade_reserve="2")),
        "dhcpScope": (cases.dhcp(), cases.dhcp(dhcp_scope="10.20.0.190-10.20.0.200")),
        "fromJson": (NETWORK, f"{NETWORK} --from-json nowhere.json"),
    },
    "get-cluster-network": {
        "name": ("get-cluster-network --name lab", "get-cluster-network --name other"),
        "clusterName": ("get-cluster-network --cluster-name old", "get-cluster-network --cluster-name other"),
        "addresses": ("get-cluster-network --name lab", "get-cluster-network --name lab --addresses"),
        "map": ("get-cluster-network --name lab", "get-cluster-network --name lab --map"),
    },
    "set-cluster-network": {
        "name": (POOLS, POOLS.replace("lab", "other")),
        "addVipRange": (POOLS, f"{POOLS} --add-vip-range 10.0.0.230-10.0.0.239"),
        "addNodeRange": (POOLS, f"{POOLS} --add-node-range 10.0.0.110"),
        "removeVipRange": (POOLS, f"{POOLS} --remove-vip-range 10.0.0.220"),
        "removeNodeRange": (POOLS, f"{POOLS} --remove-node-range 10.0.0.99-10.0.0.100"),
        "reserve": (POOLS, f"{POOLS} --reserve 10.0.0.5"),
        "release": (f"{POOLS} --reserve 10.0.0.5", f"{POOLS} --reserve 10.0.0.5 --release 10.0.0.5"),
        "whatIf": (f"{POOLS} --reserve 10.0.0.5", f"{POOLS} --reserve 10.0.0.5 --what-if"),
    },
    "remove-cluster-network": {
        "name": ("remove-cluster-network --name other --yes", "remove-cluster-network --name lab --yes"),
    },
    "new-load-balancer-setting": {
        "name": (BALANCER, BALANCER.replace("lb", "other", 1)),
        "loadBalancerSku": (BALANCER, BALANCER.replace("HAProxy", "none")),
        "loadBalancerCount": (BALANCER, f"{BALANCER} --load-balancer-count 2"),
        "vmSize": (BALANCER, f"{BALANCER} --vm-size Default"),
    },
    "new-cluster": {
        "name": (CLUSTER, CLUSTER.replace("demo", "other")),
        "kubernetesVersion": (CLUSTER, CLUSTER.replace("v1.36.4", "v1.35.1")),
        "vnet": (f"{CLUSTER} --vnet lab", f"{CLUSTER} --vnet nowhere"),
        "primaryNetworkPlugin": (CLUSTER, f"{CLUSTER} --primary-network-plugin flannel"),
        "calicoDataplane": (CLUSTER, f"{CLUSTER} --calico-dataplane nftables"),
        "shareLoadBalancers": (f"{CLUSTER} --load-balancer-count 1", f"{CLUSTER} --share-load-balancers"),
        "podCidr": (CLUSTER, f"{CLUSTER} --pod-cidr 10.245.0.0/16"),
        "serviceCidr": (CLUSTER, f"{CLUSTER} --service-cidr 10.97.0.0/16"),
        "controlPlaneNodeCount": (CLUSTER, f"{CLUSTER} --control-plane-node-count 3"),
        "controlPlaneVmSize": (CLUSTER, f"{CLUSTER} --control-plane-vm-size Default"),
        "loadBalancerCount": (CLUSTER, f"{CLUSTER} --load-balancer-count 2"),
        "loadBalancerVmSize": (CLUSTER, f"{CLUSTER} --load-balancer-vm-size Default"),
        "loadBalancerSettings": (CLUSTER, f"{CLUSTER} --load-balancer-settings '{{\"Count\": 2}}'"),
        "nodePoolName": (POOL, f"{CLUSTER} --node-pool-name other"),
        "nodeCount": (POOL, f"{POOL} --node-count 2"),
        "nodeVmSize": (POOL, f"{POOL} --node-vm-size Default"),
        "osType": (POOL, f"{POOL} --os-type Windows"),
        "osSku": (f"{POOL} --os-type Windows", f"{POOL} --os-type Windows --os-sku Windows2019"),
        "nodeMaxPodCount": (CLUSTER, f"{CLUSTER} --node-max-pod-count 100"),
        "taints": (CLUSTER, f"{CLUSTER} --taints sku=gpu:NoSchedule"),
        "linuxNodeCount": (CLUSTER, f"{CLUSTER} --linux-node-count 2"),
        "linuxNodeVmSize": (CLUSTER, f"{CLUSTER} --linux-node-vm-size Default"),
        "windowsNodeCount": (CLUSTER, f"{CLUSTER} --windows-node-count 1"),
        "windowsNodeVmSize": (CLUSTER, f"{CLUSTER} --windows-node-vm-size Default"),
        "apiServerDnsName": (CLUSTER, f"{CLUSTER} --api-server-dns-name demo.example.org"),
        "nodeSettings": (CLUSTER, f"{CLUSTER} --node-settings '{{\"skipAddons\": [\"coredns\"]}}'"),
        "programSource": (CLUSTER, f"{CLUSTER} --program-source packages"),
        "offlineBundle": (CLUSTER, f"{CLUSTER} --offline-bundle missing/bundle"),
        "offlineBundleUrl": (CLUSTER, f"{CLUSTER} --offline-bundle-url http://files.example/bundle"),
        "packageSettings": (CLUSTER, f"{CLUSTER} --package-settings '{{\"repository\": \"\"}}'"),
        "networkPluginManifest": (CLUSTER, f"{CLUSTER} --network-plugin-manifest missing/plugin.yaml"),
        "configureOnly": (CLUSTER, CLUSTER.replace("--configure-only ", "")),
    },
    "get-cluster": {"name": ("get-cluster --name old", "get-cluster --name other")},
    "get-credential": {
        "name": ("get-credential --name other --yes", "get-credential --name 'a b' --yes"),
        "configPath": (
            "get-credential --name old --config-path missing/config",
            "get-credential --name old --config-path /etc/hosts",
        ),
    },
    "get-node-pool": {
        "clusterName": ("get-node-pool --cluster-name old", "get-node-pool --cluster-name other"),
        "name": ("get-node-pool --cluster-name old", "get-node-pool --cluster-name old --name other"),
    },
    "new-node-pool": {
        "clusterName": (NODE_POOL, NODE_POOL.replace("old", "other")),
        "name": (NODE_POOL, NODE_POOL.replace("more", "'a b'")),
        "count": (NODE_POOL, f"{NODE_POOL} --count 9"),
        "osType": (NODE_POOL, f"{NODE_POOL} --os-type Windows"),
        "osSku": (NODE_POOL, f"{NODE_POOL} --os-sku Windows2022"),
        "vmSize": (OWN_POOL, f"{OWN_POOL} --vm-size Standard_D16s_v3"),
        "taints": (OWN_POOL, f"{OWN_POOL} --taints sku=gpu:NoSchedule"),
        "maxPodCount": (OWN_POOL, f"{OWN_POOL} --max-pod-count 60"),
        "vnet": (NODE_POOL, f"{NODE_POOL} --vnet missing"),
        "hostLabels": (OWN_POOL, f"{OWN_POOL} --host-labels rack=r1"),
        "whatIf": (OWN_POOL, f"{OWN_POOL} --what-if"),
    },
    "set-cluster": {
        "name": (SET_CLUSTER, SET_CLUSTER.replace("old", "other")),
        "controlPlaneNodeCount": (SET_CLUSTER, SET_CLUSTER.replace("9", "8")),
        "whatIf": (SET_CLUSTER.replace("9", "1"), SET_CLUSTER.replace("9", "1 --what-if")),
    },
    "set-node-pool": {
        "clusterName": (SET_POOL, SET_POOL.replace("old ", "other ")),
        "name": (SET_POOL, SET_POOL.replace("old-linux", "other")),
        "count": (SET_POOL, SET_POOL.replace("9", "8")),
        "whatIf": (SET_POOL.replace("9", "0"), SET_POOL.replace("9", "0 --what-if")),
    },
    "remove-node-pool": {
        "clusterName": (REMOVE_POOL, REMOVE_POOL.replace("old ", "other ")),
        "name": (REMOVE_POOL, REMOVE_POOL.replace("old-linux", "other")),
        "whatIf": (REMOVE_POOL, f"{REMOVE_POOL} --what-if"),
    },
    "remove-cluster": {
        "name": ("remove-cluster --name other --yes", "remove-cluster --name 'a b' --yes"),
        "force": ("remove-cluster --name old --yes", "remove-cluster --name old --yes --force"),
        "whatIf": ("remove-cluster --name old --yes --force", "remove-cluster --name old --what-if"),
        "planFile": (
            "remove-cluster --name old --what-if", "remove-cluster --name old --what-if --plan-file missing/plan.json"
        ),
        "expectPlan": (
            "remove-cluster --name old --yes --force", "remove-cluster --name old --yes --force --expect-plan 0"
        ),
    },
    "new-offline-bundle": {
        "folder": (BUNDLE, BUNDLE.replace("missing", "other")),
        "outputDir": (BUNDLE, BUNDLE.replace("out ", "missing ")),
        "kubernetesVersion": (BUNDLE, BUNDLE.replace("v1.36.4", "v1.2.3")),
        "signingKey": (BUNDLE, f"{BUNDLE} --signing-key x"),
    },
    "enable-offline-download": {
        "stagingShare": (OFFLINE, OFFLINE.replace("missing", "other")),
        "offsiteTransferCompleted": (OFFLINE, f"{OFFLINE} --offsite-transfer-completed true"),
        "trustKey": (OFFLINE, f"{OFFLINE} --trust-key x"),
    },
    "disable-offline-download": {
        "stagingShare": ("disable-offline-download", "disable-offline-download --staging-share missing"),
    },
    "get-offline-download": {},
    "get-vm-size": {},
    "get-kubernetes-version": {},
}  # fmt: skip
EFFECTS["new-network-setting"] = {
    name: (SETTING, changed.replace("new-cluster-network", "new-network-setting"))
    for name, (_, changed) in EFFECTS["new-cluster-network"].items()
    if name not in ("site", "upgradeReserve", "dhcpScope", "fromJson")
}


def parameters(*, available: bool) -> Iterator[tuple[Verb, Parameter]]:
    for name in EFFECTS:
        verb = find_verb(name)
        assert verb is not None
        yield from ((verb, p) for p in verb.parameters if available != bool(p.unavailable))


def test_every_available_parameter_is_tried() -> None:
    declared = {(verb.name, parameter.name) for verb, parameter in parameters(available=True)}
    assert declared == {(verb, name) for verb, effects in EFFECTS.items() for name in effects}


@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb, effects in EFFECTS.items() for name in effects])
def test_an_available_parameter_makes_a_difference(
    verb: str, name: str, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for line in EFFECTS[verb][name]:
        shutil.copy(prepared / "state.db", "state.db")
        run([*cases.Case(line, 0, "", "").gnu, "--output", "json"])
        answer = capsys.readouterr()
        said.append((answer.out, [x for x in answer.err.splitlines() if not x.startswith("note: made a new state")]))
    assert said[0] != said[1]
    assert "InternalError" not in str(said) and "UnknownOption" not in str(said)


@pytest.mark.parametrize(
    ("verb", "parameter"), [pytest.param(v, p, id=f"{v.name}-{p.name}") for v, p in parameters(available=False)]
)
def test_a_parameter_without_effect_is_refused(
    verb: Verb, parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"switch": [], "boolean": ["true"], "object": ["{}"], "integer": ["1"]}.get(parameter.kind, ["x"])
    assert run([verb.name, "--name", "demo", parameter.option, *value]) == 69
    error = " ".join(capsys.readouterr().err.split())
    assert parameter.option in error and parameter.unavailable in error
    assert list(Path().iterdir()) == []
