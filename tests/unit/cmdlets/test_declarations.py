"""The declarations say what AksHci's public reference says.

akshci_facts.json holds the facts (names, types, defaults, permitted values, parameter sets) of
https://learn.microsoft.com/en-us/azure/aks/aksarc/reference/ps/ and the how-to articles it links to.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aksprov.cmdlets.catalog import TOPICS, VERBS, find_verb
from aksprov.cmdlets.common import command_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.cmdlets.sizes import SIZES

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "akshci_facts.json").read_text())
CMDLETS: dict[str, dict[str, Any]] = FACTS["cmdlets"]
DOCUMENTED = [
    pytest.param(cmdlet, name, id=f"{cmdlet} -{name}")
    for cmdlet, facts in CMDLETS.items()
    for name in facts["parameters"]
]
KINDS = {
    "System.String": "text",
    "System.String[]": "texts",
    "System.String[] (Taint)": "texts",
    "System.Int32": "integer",
    "System.Boolean": "boolean",
    "System.Management.Automation.SwitchParameter": "switch",
    "IP address (string)": "text",
    "PSCredential": "object",
    "VirtualNetwork (object from New-AksHciClusterNetwork)": "object",
    "LoadBalancerSettings (object from New-AksHciLoadBalancerSetting)": "object",
}
# Where we decided what the reference leaves open, or differently.
DECIDED_DEFAULTS = {
    ("New-AksHciLoadBalancerSetting", "vmSize"): "Standard_A4_v2",  # the cluster's own default
    ("New-AksHciLoadBalancerSetting", "loadBalancerCount"): 1,  # one load balancer is the documented norm
    ("Get-AksHciCredential", "configPath"): None,  # kubectl's own, ~/.kube/config, on each system
    ("Set-AksHciCluster", "controlPlaneNodeCount"): None,  # what is left out stays
}
DECIDED_MANDATORY = {("New-AksHciCluster", "enableAzureRBAC"): {"AzureRBAC"}}  # the switch chooses its set


def declared(cmdlet: str, name: str) -> tuple[Verb, Parameter]:
    verb = find_verb(cmdlet)
    assert verb is not None
    return verb, verb.parameter(name)


@pytest.mark.parametrize(("cmdlet", "name"), DOCUMENTED)
def test_kind_and_values_are_the_documented_ones(cmdlet: str, name: str) -> None:
    fact = CMDLETS[cmdlet]["parameters"][name]
    _, parameter = declared(cmdlet, name)
    allowed = tuple(FACTS["sizes"]) if fact.get("allowed") == "sizes" else tuple(fact.get("allowed", ()))
    default = DECIDED_DEFAULTS.get((cmdlet, name), fact.get("default"))
    assert (parameter.kind, parameter.allowed) == (KINDS[fact["type"]], allowed)
    assert str(parameter.default).lower() == str(default).lower()
    assert not parameter.ours


@pytest.mark.parametrize(("cmdlet", "name"), DOCUMENTED)
def test_sets_are_the_documented_ones(cmdlet: str, name: str) -> None:
    fact, documented_sets = CMDLETS[cmdlet]["parameters"][name], list(CMDLETS[cmdlet]["sets"])
    verb, parameter = declared(cmdlet, name)
    historical = fact["sets"] == ["historical"]  # in no set that is documented today, so of all
    sets = set(documented_sets if historical else fact["sets"])
    mandatory = set(fact.get("required_in", sets if fact["required"] else ()))
    ours = [s.name for s in verb.sets] or ["(All)"]
    assert set(ours) == set(documented_sets)
    assert {s for s in ours if parameter.in_set(s)} == sets
    assert {s for s in ours if parameter.mandatory(s)} == DECIDED_MANDATORY.get((cmdlet, name), mandatory)


@pytest.mark.parametrize("cmdlet", CMDLETS)
def test_every_documented_property_is_printed_under_its_name(cmdlet: str) -> None:
    verb = find_verb(cmdlet)
    assert verb is not None
    assert set(CMDLETS[cmdlet]["outputs"]) <= {p.name for p in verb.outputs}


@pytest.mark.parametrize("cmdlet", CMDLETS)
def test_what_the_reference_does_not_have_is_marked_as_ours(cmdlet: str) -> None:
    verb = find_verb(cmdlet)
    assert verb is not None
    assert {p.name for p in verb.parameters if not p.ours} == CMDLETS[cmdlet]["parameters"].keys()


def test_sizes_are_the_documented_ones() -> None:
    ours = {s.name: [s.cpus, s.memory_gb, s.gpu_type, s.gpu_count] for s in SIZES}
    assert ours == FACTS["sizes"]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("vlanID", "--vlan-id"),
        ("enableADAuth", "--enable-ad-auth"),
        ("k8sNodeIpPoolStart", "--k8s-node-ip-pool-start"),
        ("dnsServers", "--dns-servers"),
        ("tenantId", "--tenant-id"),
        ("enableAzureRBAC", "--enable-azure-rbac"),
        ("primaryNetworkPlugin", "--primary-network-plugin"),
        ("subscriptionID", "--subscription-id"),
        ("certificateSha256", "--certificate-sha256"),
    ],
)
def test_a_run_of_capitals_is_one_word_of_the_option(name: str, option: str) -> None:
    assert Parameter(name=name, help="").option == option


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_is_whole(verb: Verb) -> None:
    """No option twice, no name of a set, a topic, a column or a property that does not exist."""
    options = [p.option for p in command_parameters(verb)]
    sets = {s.name for s in verb.sets}
    properties = {p.name for p in verb.outputs}
    assert len(options) == len(set(options))
    assert verb.topic in TOPICS
    assert {s for p in verb.parameters for s in p.sets} <= sets
    assert {s for p in verb.parameters for s in p.mandatory_in} <= sets | {"*"}
    assert (verb.default_set in sets) == bool(sets)
    assert set(verb.columns) <= properties
    assert verb.examples and all(e.command.startswith(f"aksprov {verb.name}") for e in verb.examples)
    makers = [find_verb(p.object_of) for p in verb.parameters if p.object_of]
    assert all(
        maker and maker.parameter(o.parameter) for maker in makers if maker for o in maker.outputs if o.parameter
    )


def test_a_verb_is_found_by_both_names_in_any_case() -> None:
    assert find_verb("NEW-AKSHCICLUSTER") is find_verb("new-cluster") is find_verb("New-Cluster") is not None
    assert find_verb("new") is None
