"""What was typed becomes a request, or an error that says what to do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aksprov.cmdlets.binding import bind, missing, unquote
from aksprov.cmdlets.catalog import VERBS, find_verb
from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, Verb
from aksprov.errors import AksprovError

NET = (
    "new-cluster-network --name labnet --vswitch-name External --ip-address-prefix 10.0.0.0/24 --gateway 10.0.0.1"
    " --dns-servers 10.0.0.2 --vip-pool-start 10.0.0.200 --vip-pool-end 10.0.0.220"
    " --k8s-node-ip-pool-start 10.0.0.10 --k8s-node-ip-pool-end 10.0.0.100"
)
LEASED = "new-cluster-network --name n --vswitch-name s --vip-pool-start 10.0.0.2 --vip-pool-end 10.0.0.3"
BALANCERS = "new-cluster --name d --load-balancer-settings"
POOL = "new-cluster --name d --node-pool-name p"
HOST = "add-host --name cp1 --address 10.0.0.11 --os linux"


def split(line: str) -> tuple[Verb, dict[str, Sequence[str]]]:
    """A command line as a verb and the texts given for its parameters."""
    name, *words = shlex.split(line)
    verb = find_verb(name)
    assert verb is not None
    options = {p.option: p for p in request_parameters(verb)}
    given: dict[str, list[str]] = {}
    while words:
        parameter = options[words.pop(0)]
        texts = given.setdefault(parameter.name, [])
        if parameter.kind != "switch":
            texts.append(words.pop(0))
    return verb, dict(given)


def without(line: str, *options: str) -> str:
    """The command line without some options and their values."""
    words = shlex.split(line)
    for option in options:
        at = words.index(option)
        del words[at : at + 2]
    return shlex.join(words)


def test_what_is_left_out_has_the_documented_default() -> None:
    request = bind(*split("new-cluster --name demo --node-pool-name pool"))
    assert request.values == {
        "name": "demo",
        "nodePoolName": "pool",
        "kubernetesVersion": "latest",
        "primaryNetworkPlugin": "calico",
        "calicoDataplane": "iptables",
        "controlPlaneNodeCount": 1,
        "controlPlaneVmSize": "Standard_A4_v2",
        "loadBalancerCount": 1,
        "loadBalancerVmSize": "Standard_A4_v2",
        "nodeCount": 1,
        "nodeVmSize": "Standard_K8S3_v1",
        "osType": "Linux",
        "nodeMaxPodCount": 110,
    }
    assert request.given == {"name", "nodePoolName"}
    assert request.parameter_set == "NodePool"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (f"{POOL} --os-type LINUX", "osType", "Linux"),
        (f"{POOL} --control-plane-vm-size STANDARD_A4_V2", "controlPlaneVmSize", "Standard_A4_v2"),
        (f"{POOL} --kubernetes-version 1.36.2", "kubernetesVersion", "v1.36.2"),
        (f"{POOL} --kubernetes-version Latest", "kubernetesVersion", "v1.36.4"),
        (f"{POOL} --vnet \"'lab'\"", "vnet", "lab"),
        (f"{POOL} --vnet '\"lab\"'", "vnet", "lab"),
        (f'{POOL} --vnet \'{{"name": "lab", "Gateway": null, "Site": ""}}\'', "vnet", {"Name": "lab"}),
        (f"{POOL} --what-if", "whatIf", True),
        (f"{POOL} --taints sku=gpu:noschedule", "taints", ("sku=gpu:NoSchedule",)),
        (f"{POOL} --taints a.io/b:NoExecute,c=:NoSchedule", "taints", ("a.io/b:NoExecute", "c=:NoSchedule")),
        (
            BALANCERS + ' \'{"Name": "lb", "sku": "haproxy", "Count": 2, "VMSize": "standard_a2_V2"}\'',
            "loadBalancerSettings",
            {"Name": "lb", "Sku": "HAProxy", "Count": 2, "VMSize": "Standard_A2_v2"},
        ),
        (f"{NET} --dns-servers '10.0.0.3, 10.0.0.4'", "dnsServers", ("10.0.0.2", "10.0.0.3", "10.0.0.4")),
        (f"{NET} --dns-servers \"'10.0.0.3','10.0.0.4'\"", "dnsServers", ("10.0.0.2", "10.0.0.3", "10.0.0.4")),
        (f"{NET} --vlan-id 4094", "vlanID", 4094),
        (without(NET, "--vswitch-name") + " --vswitch-name 'Ext, [1] \u00fc'", "vswitchName", "Ext, [1] \u00fc"),
        (
            without(NET, "--ip-address-prefix") + " --ip-address-prefix 10.0.0.7/24",
            "ipAddressPrefix",
            "10.0.0.7/24",  # whoever stores the network takes the host bits off, and says so
        ),
        (f"{HOST} --labels site=a --labels note=x=y", "labels", {"site": "a", "note": "x=y"}),
        (f"{HOST} --interfaces 'Ext, b=c=eth1'", "interfaces", {"Ext, b=c": "eth1"}),
        (f"{HOST} --roles Worker,control-plane", "roles", ("worker", "control-plane")),
        (f"{HOST} --memory-gb 7.5", "memoryGb", 7.5),
        (f"{HOST} --cpus 4", "cpus", 4),
        ("set-host --name cp1 --port ''", "port", ""),
        ("set-host --name cp1 --roles \"''\"", "roles", ""),
    ],
)
def test_a_value_is_handed_on_in_its_declared_form(line: str, name: str, value: Any) -> None:
    assert bind(*split(line)).values[name] == value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("new-cluster --name d", "LegacyNodeCounts"),
        (POOL, "NodePool"),
        (NET, "StaticIP"),
        (f"{NET} --vlan-id 7", "StaticIP+VLAN"),
        (LEASED, "DHCP"),
        (f"{LEASED} --vlan-id 7 --dhcp-scope 10.0.0.9", "DHCP+VLAN"),
        ("get-cluster-network", "All"),
        ("get-cluster-network --name n --addresses", "ByName"),
        ("get-cluster-network --cluster-name c", "ByClusterName"),
        ("add-host --file hosts.yaml --offline", "ByFile"),
        ("add-host --from-ansible hosts.ini --offline", "ByAnsible"),
        ("apply PLANFILE p.json", "Plan"),
        ("apply --from review --yes", "Folder"),
        ("get-vm-size", ""),
    ],
)
def test_what_is_given_decides_the_set(line: str, expected: str) -> None:
    assert bind(*split(line)).parameter_set == expected


STATIC_OPTIONS = [word for word in shlex.split(NET) if word.startswith("--") and word != "--name"]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("new-cluster", ["--name"]),
        ("new-cluster --name d --node-count 2", ["--node-pool-name"]),
        ("new-cluster-network --name n", STATIC_OPTIONS),
        ("new-cluster-network --name n --vlan-id 7", STATIC_OPTIONS),
        ("add-host --name n", ["--address", "--os"]),
        ("apply", ["PLANFILE"]),
    ],
)
def test_missing_names_all_that_must_still_be_given(line: str, options: list[str]) -> None:
    verb, typed = split(line)
    assert sorted(p.option for p in missing(verb, typed)) == sorted(options)


BAD = [
    # command line, code, exit code, words that must appear
    ("new-cluster --name d --primary-network-plugin weave", "ValueNotAllowed", 65, "weave|calico, flannel"),
    ("new-cluster --name d --primary-network-plugin calicoo", "ValueNotAllowed", 65, "did you mean calico"),
    (f"{POOL} --node-vm-size Standard_A4", "ValueNotAllowed", 65, "did you mean Standard_A4_v2"),
    ("new-cluster", "MissingParameter", 64, "--name"),
    ("new-cluster --name d --node-count 2", "MissingParameter", 64, "--node-pool-name"),
    ("new-cluster --name 'a b'", "InvalidName", 65, "a b"),
    ("new-cluster --name '$(reboot)'", "InvalidName", 65, "$(reboot)"),
    ("new-cluster --name '{{x}}'", "InvalidName", 65, "{{x}}"),
    ("new-cluster --name 'a\nb'", "InvalidName", 65, "a\\nb"),
    ("new-cluster --name ''", "InvalidName", 65, "1 to 63"),
    (f"new-cluster --name {'x' * 64}", "InvalidName", 65, "1 to 63"),
    (without(NET, "--vswitch-name") + " --vswitch-name ''", "EmptyValue", 65, "must be given"),
    (without(NET, "--dns-servers") + " --dns-servers \"'10.0.0.2,10.0.0.3'\"", "InvalidAddress", 65, "four numbers"),
    ("new-cluster --name CON", "ReservedName", 65, "Windows"),
    ("new-cluster --name a --name b", "GivenTwice", 64, "--name|2 times"),
    ("new-cluster --name d\udcff", "NotText", 64, "--name|UTF-8"),
    (f"{POOL} --control-plane-node-count 0", "OutOfRange", 65, "at least 1"),
    (f"{POOL} --control-plane-node-count -1", "OutOfRange", 65, "at least 1"),
    (f"{POOL} --control-plane-node-count 3.5", "InvalidNumber", 65, "whole number"),
    (f"{POOL} --control-plane-node-count \u0663", "InvalidNumber", 65, "digits"),
    (f"{POOL} --control-plane-node-count {'9' * 5000}", "InvalidNumber", 65, "..."),
    (f"{POOL} --control-plane-node-count 3000000000", "InvalidNumber", 65, "whole number"),
    (f"{POOL} --node-count ''", "InvalidNumber", 65, "whole number"),
    (f"{POOL} --node-max-pod-count 50", "OutOfRange", 65, "at least 51"),
    (f"{POOL} --kubernetes-version v1.38.0", "VersionNotAvailable", 65, "1.20 to 1.37"),
    (f"{POOL} --kubernetes-version 1.36", "KubernetesVersionInvalid", 65, "v1.36.4"),
    (f"{POOL} --taints sku:Sometimes", "InvalidTaint", 65, "NoSchedule"),
    (f"{POOL} --taints a:NoSchedule,,", "EmptyItem", 65, "comma"),
    (f"{POOL} --linux-node-count 2", "ParameterSetsMixed", 64, "belongs to NodePool|belongs to LegacyNodeCounts"),
    (f"{POOL} --taints a:NoSchedule --enable-azure-rbac", "ParameterSetsMixed", 64, "--taints|AzureRBAC"),
    ("new-cluster --name d --enable-azure-rbac", "ParameterNotAvailable", 69, "cloud account"),
    ("new-cluster --name d --enable-ad-auth --enable-monitoring", "ParameterNotAvailable", 69, "leave them out"),
    ("new-cluster --name d --app-secret hunter2 --enable-azure-rbac", "ParameterNotAvailable", 69, "--app-secret"),
    (f"{BALANCERS} lb", "ObjectExpected", 65, "new-load-balancer-setting"),
    (f"{BALANCERS} '{{'", "InvalidObject", 65, "JSON"),
    (f"{BALANCERS} '[1]'", "InvalidObject", 65, "one object"),
    (f"{BALANCERS} {'[' * 100_000}", "InvalidObject", 65, "JSON"),
    (BALANCERS + ' \'{"Count": 1, "Count": 2}\'', "InvalidObject", 65, "twice"),
    (BALANCERS + " '{\"Cuont\": 2}'", "UnknownProperty", 65, "did you mean Count"),
    (BALANCERS + " '{\"Count\": 0}'", "OutOfRange", 65, "Count|at least 1"),
    (BALANCERS + " '{\"Count\": true}'", "InvalidNumber", 65, "True"),
    (BALANCERS + ' \'{"Sku": "none"}\'', "ValueNotAvailable", 69, "kube-vip"),
    ("new-cluster --name d --vnet 'a b'", "InvalidName", 65, "network"),
    ('new-cluster --name d --vnet \'{"Name": "a b"}\'', "InvalidName", 65, "network"),
    (without(NET, "--gateway", "--dns-servers"), "MissingParameter", 64, "--gateway|--dns-servers"),
    (without(NET, "--vip-pool-start", "--vip-pool-end"), "SdnNotAvailable", 69, "--vip-pool-start"),
    (without(NET, "--gateway", "--dns-servers", "--ip-address-prefix"), "DhcpWithNodePool", 65, "--gateway|DHCP"),
    (without(NET, "--gateway") + " --gateway 10.0.0.256", "InvalidAddress", 65, "10.0.0.256|gateway"),
    (without(NET, "--gateway") + " --gateway 010.0.0.1", "InvalidAddress", 65, "leading zeros"),
    (without(NET, "--gateway") + " --gateway fd00::1", "Ipv6NotAvailable", 69, "IPv4"),
    (f"{NET} --dns-servers 10.0.0.x", "InvalidAddress", 65, "dnsServers"),
    (without(NET, "--ip-address-prefix") + " --ip-address-prefix 10.0.0.0", "InvalidPrefix", 65, "10.0.0.0/24"),
    (without(NET, "--ip-address-prefix") + " --ip-address-prefix 10.0.0.0/33", "InvalidPrefix", 65, "0 to 32"),
    (without(NET, "--ip-address-prefix") + " --ip-address-prefix 10.0.0.0/255.0.0.0", "InvalidPrefix", 65, "length"),
    (without(NET, "--ip-address-prefix") + " --ip-address-prefix fd00::/64", "Ipv6NotAvailable", 69, "IPv4"),
    (f"{NET} --vlan-id 4095", "OutOfRange", 65, "0 to 4094"),
    ("get-cluster-network --name n --cluster-name c", "ParameterSetsMixed", 64, "ByName|ByClusterName"),
    ("new-load-balancer-setting --name lb --load-balancer-sku none", "ValueNotAvailable", 69, "kube-vip"),
    ("new-load-balancer-setting --name lb", "MissingParameter", 64, "--load-balancer-sku"),
    ("add-host --name cp1", "MissingParameter", 64, "--address and --os"),
    ("add-host --name cp1 --file h.yaml", "ParameterSetsMixed", 64, "ByOptions|ByFile"),
    ("add-host --file h.yaml --from-ansible h.ini", "ParameterSetsMixed", 64, "ByFile|ByAnsible"),
    (f"{HOST} --port 65536", "OutOfRange", 65, "1 to 65535"),
    (f"{HOST} --labels site", "InvalidPair", 65, "KEY=VALUE"),
    (f"{HOST} --labels site=a --labels site=b", "GivenTwice", 64, "site"),
    (f"{HOST} --memory-gb 7,5", "InvalidNumber", 65, "point"),
    (f"{HOST} --roles control-plane,master", "ValueNotAllowed", 65, "load-balancer"),
    (f"{HOST} --maintenance-until 31.1.2027", "InvalidDate", 65, "2027-01-31"),
    (f"{HOST} --password-ref hunter2", "SecretReferenceInvalid", 65, "env:NAME"),
    ("apply PLANFILE p --from d", "ParameterSetsMixed", 64, "PLANFILE|--from"),
]


@pytest.mark.parametrize(("line", "code", "exit_code", "words"), BAD)
def test_bad_input_is_refused_with_what_to_do(line: str, code: str, exit_code: int, words: str) -> None:
    """And a value that may be a secret is never repeated."""
    verb, typed = split(line)
    with pytest.raises(AksprovError) as raised:
        bind(verb, typed)
    error = raised.value
    told = "\n".join((error.what, error.where, error.why, error.fix))
    assert (error.code, int(error.exit_code)) == (code, exit_code), told
    assert all(word in told for word in words.split("|")), told
    assert all((error.what, error.where, error.why, error.fix))
    assert "hunter2" not in told


FREE_TEXT = [
    pytest.param(verb, p, id=f"{verb.name} {p.option}")
    for verb in VERBS
    for p in request_parameters(verb)
    if p.kind == "text" and not (p.rule or p.allowed or p.unavailable)
]


@pytest.mark.parametrize(("verb", "parameter"), FREE_TEXT)
@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_without_a_rule_arrives_unchanged(verb: Verb, parameter: Parameter, text: str) -> None:
    """But for one pair of quotes, which cmd.exe leaves round a value."""
    chosen = "StaticIP" if verb.default_set == "StaticIP" else parameter.sets[0] if parameter.sets else verb.default_set
    assume(unquote(text) or not parameter.mandatory(chosen))
    others = {p.name: [p.example] for p in verb.parameters if p.mandatory(chosen) and p is not parameter}
    assert bind(verb, {**others, parameter.name: [text]}).values[parameter.name] == unquote(text)
    assert bind(verb, {**others, parameter.name: [f"'{text}'"]}).values[parameter.name] == text


@settings(deadline=None)
@given(data=st.data(), name=st.sampled_from([verb.name for verb in VERBS]))
def test_any_texts_make_a_request_or_an_error_of_ours(data: st.DataObject, name: str) -> None:
    """Surrogates stand for bytes of a command line that are not UTF-8."""
    verb = find_verb(name)
    assert verb is not None
    good = st.sampled_from(["1", "a", "a=b", "{}", "10.0.0.1", '{"Name": 1}', "[", "true"])
    texts = st.lists(st.one_of(good, st.text()), min_size=1, max_size=2)
    chosen = [p for p in request_parameters(verb) if data.draw(st.booleans())]
    typed = {p.name: [] if p.kind == "switch" else data.draw(texts) for p in chosen}
    try:
        bind(verb, typed)
    except AksprovError as error:
        assert int(error.exit_code) in (64, 65, 69)
