"""Every rule of a definition as a case: what is typed, what it is refused with, and what the error says.

Sources of the rules: the AksHci reference (learn.microsoft.com/azure/aks/aksarc/reference/ps) and its how-to
articles, kubeadm's validation, RFCs and IEEE 802.1Q; where AksHci documents no rule, arithmetic decides.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from aksprov.cmdlets.catalog import find_verb
from aksprov.cmdlets.common import command_parameters


@dataclass(frozen=True)
class Case:
    """A command line that is refused.

    Args:
        line: in the GNU spelling, quoted as for a shell.
        words: that the error must have, separated by ``|``.
        powershell: whether PowerShell's spelling of the same words says the same; where it cannot,
            as it would evaluate them, its spelling is not tried.
    """

    line: str
    exit_code: int
    code: str
    words: str
    powershell: bool = True

    @property
    def gnu(self) -> list[str]:
        """The words in the spelling of the command line."""
        return shlex.split(self.line)

    @property
    def cmdlet(self) -> list[str]:
        """The same in PowerShell's spelling."""
        return list(_powershell(self.gnu))


def _powershell(words: list[str]) -> Iterator[str]:
    verb = find_verb(words[0])
    assert verb is not None
    names = {p.option: p.name for p in command_parameters(verb)}
    yield verb.cmdlet
    for word in words[1:]:
        option, equals, value = word.partition("=")
        yield f"-{names[option]}" + equals.replace("=", ":") + value if option in names else word


NETWORK = {
    "name": "lab2",
    "vswitch-name": "External",
    "ip-address-prefix": "10.20.0.0/24",
    "gateway": "10.20.0.1",
    "dns-servers": "10.20.0.2",
    "vip-pool-start": "10.20.0.200",
    "vip-pool-end": "10.20.0.220",
    "k8s-node-ip-pool-start": "10.20.0.10",
    "k8s-node-ip-pool-end": "10.20.0.100",
}


def network(verb: str = "new-cluster-network", /, **changes: str | None) -> str:
    """The line of a good network with other values; None leaves an option out."""
    values = NETWORK | {name.replace("_", "-"): value for name, value in changes.items()}
    return " ".join([verb, *(f"--{name} {shlex.quote(v)}" for name, v in values.items() if v is not None)])


def pools(vip: str | None = None, node: str | None = None) -> dict[str, str]:
    """The options of pools that are written FIRST-LAST, by their last octets."""
    found = {}
    for name, text in (("vip-pool", vip), ("k8s-node-ip-pool", node)):
        if text is not None:
            first, _, last = text.partition("-")
            found |= {f"{name}-start": f"10.20.{first}", f"{name}-end": f"10.20.{last}"}
    return found


def cluster(rest: str = "") -> str:
    """The line of a new cluster."""
    return f"new-cluster --name demo --configure-only {rest}".rstrip()


# What a network whose nodes use DHCP has none of.
NO_STATIC = dict.fromkeys(
    ("ip_address_prefix", "gateway", "dns_servers", "k8s_node_ip_pool_start", "k8s_node_ip_pool_end")
)


def dhcp(**changes: str) -> str:
    """The line of a network whose nodes use DHCP."""
    return network(**NO_STATIC, **changes)


POOL = "--node-pool-name pool"
# Needs nothing in the state, and makes none.
NETWORKS = [
    # names: one form for every object
    *(
        Case(network(name=name), 65, "InvalidName", f"{name!r}|network|1 to 63 letters, digits and hyphens")
        for name in ("-a", "a-", "a b", "a_b", "x" * 64, "\u00fcber", "a.b", "../x", "a\nb", "a'b", "{{ x }}")
    ),
    Case(network(name="$(reboot)"), 65, "InvalidName", "'$(reboot)'|letters, digits", powershell=False),
    Case(network(name="Com1"), 65, "ReservedName", "'Com1'|Windows"),
    Case(network(site="shop 17"), 65, "InvalidName", "'shop 17'|site"),
    Case(network(vswitch_name=" "), 65, "SwitchNameInvalid", "' '|empty"),
    Case(network(vswitch_name="a\tb"), 65, "SwitchNameInvalid", "control character"),
    # VLAN: IEEE 802.1Q
    Case(network(vlan_id="4095"), 65, "OutOfRange", "'4095'|0 to 4094"),
    Case(network(vlan_id="-1"), 65, "OutOfRange", "'-1'|0 to 4094"),
    Case(network(vlan_id="1.5"), 65, "InvalidNumber", "whole number", powershell=False),
    Case(network(vlan_id="ten"), 65, "InvalidNumber", "'ten'|whole number"),
    Case(network(upgrade_reserve="-1"), 65, "OutOfRange", "0 to 1000"),
    # prefix, gateway, DNS
    Case(network(ip_address_prefix="10.20.0.0"), 65, "InvalidPrefix", "10.20.0.0|slash"),
    Case(network(ip_address_prefix="10.20.0.0/33"), 65, "InvalidPrefix", "10.20.0.0/33"),
    Case(network(ip_address_prefix="10.20.0/24"), 65, "InvalidPrefix", "10.20.0/24"),
    Case(network(ip_address_prefix="010.20.0.0/24"), 65, "InvalidPrefix", "010.20.0.0/24"),
    Case(network(ip_address_prefix="external"), 65, "InvalidPrefix", "external"),
    # masks that some read as a netmask and others as a wildcard, or in another base
    *(
        Case(network(ip_address_prefix=f"10.20.0.0/{mask}"), 65, "InvalidPrefix", f"/{mask}|length")
        for mask in ("255.255.255.0", "0.0.0.255", "024", "0x18", "+24", "24.0", "-8", "24/24", "")
    ),
    Case(network(ip_address_prefix="10.20.0.0/31"), 65, "PrefixTooSmall", "10.20.0.0/31|30 or shorter"),
    Case(network(ip_address_prefix="10.20.0.7/32"), 65, "PrefixTooSmall", "10.20.0.7/32"),
    Case(network(ip_address_prefix="169.254.0.0/16"), 65, "PrefixReserved", "169.254.0.0/16|link-local"),
    Case(network(ip_address_prefix="224.0.0.0/4"), 65, "PrefixReserved", "multicast"),
    Case(network(ip_address_prefix="127.0.0.0/8"), 65, "PrefixReserved", "loopback"),
    Case(network(ip_address_prefix="fd00::/64"), 69, "Ipv6NotAvailable", "fd00::|IPv4"),
    Case(network(gateway="10.20.0.256"), 65, "InvalidAddress", "10.20.0.256|gateway"),
    Case(network(gateway="10.20.1.1"), 65, "GatewayOutsidePrefix", "10.20.1.1|10.20.0.0/24"),
    Case(network(gateway="10.20.0.0"), 65, "GatewayInvalid", "10.20.0.0|network or the broadcast"),
    Case(network(gateway="10.20.0.255"), 65, "GatewayInvalid", "10.20.0.255|10.20.0.0/24"),
    Case(network(gateway="10.20.0.50"), 65, "AddressInPool", "gateway 10.20.0.50|node pool 10.20.0.10-10.20.0.100"),
    Case(network(gateway="fe80::1"), 69, "Ipv6NotAvailable", "fe80::1"),
    Case(network(gateway="fe80::1%eth0"), 69, "Ipv6NotAvailable", "fe80::1%eth0"),
    Case(network(gateway="::ffff:10.20.0.1"), 69, "Ipv6NotAvailable", "::ffff:10.20.0.1"),
    Case(network(gateway="[fd00::1]"), 65, "InvalidAddress", "[fd00::1]"),
    Case(network(ip_address_prefix="10.20.0.0/24,fd00::/64"), 65, "InvalidPrefix", "10.20.0.0/24,fd00::/64",
         powershell=False),
    *(
        Case(network(**{f"{pool}_start": "fd00::10", f"{pool}_end": "fd00::20"}), 69, "Ipv6NotAvailable", "fd00::10")
        for pool in ("vip_pool", "k8s_node_ip_pool")
    ),
    Case(network(k8s_node_ip_pool_end="fd00::20"), 69, "Ipv6NotAvailable", "fd00::20"),
    Case(network("new-network-setting", gateway="fd00::1"), 69, "Ipv6NotAvailable", "fd00::1"),
    Case(network(dns_servers="10.20.0.2,10.20.0.3,10.20.0.4,10.20.0.5"), 65, "DnsServersCount", "4 DNS|one to three"),
    Case(network(dns_servers="10.20.0.2,10.20.0.2"), 65, "DnsServersCount", "10.20.0.2, 10.20.0.2|each once"),
    Case(network(dns_servers="dns.example"), 65, "InvalidAddress", "dns.example|dnsServers"),
    Case(network(dns_servers="10.20.0.2,,10.20.0.3"), 65, "EmptyItem", "comma", powershell=False),
    Case(network(dns_servers="127.0.0.53"), 65, "DnsServerInvalid", "127.0.0.53|loopback"),
    Case(network(dns_servers="10.20.0.210"), 65, "AddressInPool", "DNS server 10.20.0.210|VIP pool"),
    Case(network(dns_servers="2001:db8::53"), 69, "Ipv6NotAvailable", "2001:db8::53"),
    # pools
    Case(network(**pools(vip="0.220-0.200")), 65, "PoolReversed", "10.20.0.220-10.20.0.200|exchange"),
    Case(network(**pools(vip="0.200-1.5")), 65, "PoolOutsidePrefix", "VIP pool 10.20.0.200-10.20.1.5|10.20.0.0/24"),
    Case(network(**pools(node="1.10-1.20")), 65, "PoolOutsidePrefix", "node pool 10.20.1.10-10.20.1.20"),
    Case(network(**pools(vip="0.200-0.255")), 65, "PoolHoldsNetworkAddress", "10.20.0.255|broadcast"),
    Case(network(**pools(node="0.0-0.9")), 65, "PoolHoldsNetworkAddress", "node pool|10.20.0.0|network"),
    Case(network(**pools(vip="0.90-0.110")), 65, "PoolsOverlap",
         "VIP pool 10.20.0.90-10.20.0.110|node pool 10.20.0.10-10.20.0.100"),
    Case(network(**pools(vip="0.201-0.202", node="0.202-0.203")), 65, "PoolsOverlap", "10.20.0.202"),
    Case(network(vip_pool_start="10.20.0.x"), 65, "InvalidAddress", "10.20.0.x|vipPoolStart"),
    # sets: DHCP, SDN, and what none of them has
    Case(network(vip_pool_start=None), 64, "MissingParameter", "--vip-pool-start"),
    Case(network(gateway=None), 64, "MissingParameter", "--gateway"),
    Case(network(dns_servers=None, gateway=None), 64, "MissingParameter", "--gateway|--dns-servers"),
    Case(network(vip_pool_start=None, vip_pool_end=None), 69, "SdnNotAvailable", "--vip-pool-start"),
    Case(network(ip_address_prefix=None, gateway=None, dns_servers=None), 65, "DhcpWithNodePool",
         "--k8s-node-ip-pool-start|DHCP"),
    Case(dhcp(), 65, "PrefixUnknown", "lab2|no host|add-host"),
    Case(dhcp(vlan_id="7"), 65, "PrefixUnknown", "VIP pool 10.20.0.200-10.20.0.220"),
    Case(dhcp(dhcp_scope="10.20.0.150-10.20.0.200"), 65, "VipPoolInDhcpScope",
         "VIP pool 10.20.0.200-10.20.0.220|DHCP scope 10.20.0.150-10.20.0.200"),
    Case(dhcp(dhcp_scope="10.20.0.150-10.20.0.20"), 65, "PoolReversed", "10.20.0.150-10.20.0.20"),
    Case(dhcp(dhcp_scope="10.20.0.0/25"), 65, "InvalidAddress", "10.20.0.0/25"),
    Case(dhcp(dhcp_scope="fd00::1-fd00::9"), 69, "Ipv6NotAvailable", "fd00::1"),
    Case(dhcp(vip_pool_start="fd00::200", vip_pool_end="fd00::220"), 69, "Ipv6NotAvailable", "fd00::2"),
    Case(network(dhcp_scope="10.20.0.150-10.20.0.160"), 64, "ParameterSetsMixed", "--dhcp-scope|StaticIP"),
    Case(network("new-network-setting", **NO_STATIC, dhcp_scope="10.20.0.5"), 64, "UnknownOption", "--dhcp-scope",
         powershell=False),
    Case(network(vip_pool_start=None, vip_pool_end=None, vlan_id="7"), 64, "MissingParameter", "--vip-pool-start"),
    Case(network(name=None), 64, "MissingParameter", "--name"),
    Case(network() + " --name other", 64, "GivenTwice", "-name"),
    Case(network("new-network-setting", dns_servers="10.20.0.2,10.20.0.2"), 65, "DnsServersCount", "each once"),
    Case(network("new-network-setting", **pools(vip="0.90-0.110")), 65, "PoolsOverlap", "10.20.0.90-10.20.0.110"),
    Case("get-cluster-network --name a --cluster-name b", 64, "ParameterSetsMixed", "ByName|ByClusterName"),
    Case("get-cluster-network --name a", 66, "NetworkNotFound", "'a'|none"),
    Case("remove-cluster-network --name a --yes", 66, "NetworkNotFound", "'a'"),
]  # fmt: skip
SETTINGS = [
    Case("new-load-balancer-setting --name lb", 64, "MissingParameter", "--load-balancer-sku"),
    Case("new-load-balancer-setting --name lb --load-balancer-sku SDN", 65, "ValueNotAllowed", "'SDN'|HAProxy, none"),
    Case("new-load-balancer-setting --name lb --load-balancer-sku none", 69, "ValueNotAvailable", "none|kube-vip"),
    Case("new-load-balancer-setting --name lb --load-balancer-sku HAProxy --load-balancer-count 0", 65, "OutOfRange",
         "'0'|at least 1"),
    Case("new-load-balancer-setting --name lb --load-balancer-sku HAProxy --vm-size Huge", 65, "ValueNotAllowed",
         "'Huge'|Standard_A4_v2"),
    Case("new-load-balancer-setting --name 'a b' --load-balancer-sku HAProxy", 65, "InvalidName", "'a b'|setting"),
]  # fmt: skip
# What a cluster's words say by themselves, whatever is recorded.
CLUSTERS = [
    Case(cluster("--control-plane-node-count 0"), 65, "OutOfRange", "'0'|at least 1"),
    Case(cluster("--control-plane-node-count three"), 65, "InvalidNumber", "'three'|whole number"),
    Case(cluster("--control-plane-node-count 3000000000"), 65, "InvalidNumber", "whole number"),
    Case(cluster("--load-balancer-count 0"), 65, "OutOfRange", "at least 1"),
    Case(cluster(f"{POOL} --node-count 0"), 65, "OutOfRange", "at least 1"),
    Case(cluster("--linux-node-count -1"), 65, "OutOfRange", "at least 0"),
    Case(cluster("--windows-node-count -1"), 65, "OutOfRange", "at least 0"),
    Case(cluster("--node-max-pod-count 50"), 65, "OutOfRange", "'50'|at least 51"),
    Case(cluster("--control-plane-vm-size Huge"), 65, "ValueNotAllowed", "'Huge'|Standard_A4_v2"),
    Case(cluster("--load-balancer-vm-size Standard_A4_v3"), 65, "ValueNotAllowed", "did you mean Standard_A4_v2"),
    Case(cluster(f"{POOL} --node-vm-size ''"), 65, "ValueNotAllowed", "Default"),
    Case(cluster("--linux-node-vm-size Huge"), 65, "ValueNotAllowed", "'Huge'"),
    Case(cluster("--windows-node-vm-size Huge"), 65, "ValueNotAllowed", "'Huge'"),
    Case(cluster(f"{POOL} --os-type Solaris"), 65, "ValueNotAllowed", "'Solaris'|Linux, Windows"),
    Case(cluster(f"{POOL} --os-type Windows --os-sku 'Windows 2022'"), 65, "OsSkuInvalid", "'Windows 2022'|letters"),
    Case(cluster("--primary-network-plugin weave"), 65, "ValueNotAllowed", "'weave'|calico, flannel"),
    Case(cluster("--primary-network-plugin clico"), 65, "ValueNotAllowed", "did you mean calico"),
    Case(cluster("--calico-dataplane bpf"), 65, "ValueNotAllowed", "iptables, nftables, ebpf|did you mean ebpf"),
    Case(cluster("--kubernetes-version v1.19.0"), 65, "VersionNotAvailable", "v1.19.0|1.20 to 1.37"),
    Case(cluster("--kubernetes-version v1.38.0"), 65, "VersionNotAvailable", "v1.38.0|1.20 to 1.37"),
    Case(cluster("--kubernetes-version v2.0.0"), 65, "VersionNotAvailable", "v2.0.0"),
    *(
        Case(cluster(f"--kubernetes-version {text}"), 65, "KubernetesVersionInvalid", f"{text!r}|v1.36.4")
        for text in ("1.36", "v1.36.x", "v1.36.4-rc.1", "v01.36.4", "newest")
    ),
    *(
        Case(cluster(f"--pod-cidr {text}"), 65, "InvalidPrefix", f"{text!r}|podCidr|10.244.0.0/16,fd00:10:244::/56")
        for text in ("10.244.0.0", "10.244.0.0/33", "10.244.0/16", "fd00::/129", "pods", "fe80::1%eth0/64")
    ),
    Case(cluster("--service-cidr 10.96.0.0/12,"), 65, "EmptyItem", "comma", powershell=False),
    *(
        Case(cluster(f"--taints {text}"), 65, "InvalidTaint", f"{text!r}|key=value:Effect")
        for text in ("sku", "sku=gpu", "sku=gpu:Never", "=gpu:NoSchedule", "_a=b:NoSchedule", f"{'x' * 64}:NoExecute",
                     "a=b/c:NoSchedule")
    ),
    *(
        Case(cluster(f"--api-server-dns-name {name}"), 65, "InvalidDnsName", f"{name!r}|demo.example.org")
        for name in ("a_b.example.org", "demo..org", "-a.org", "10.0.0.9", "x" * 64, "a.*.org", "demo.org:6443")
    ),
    Case(cluster("--taints 'a b=c:NoSchedule'"), 65, "InvalidTaint", "'a b=c:NoSchedule'"),
    Case(cluster("--name other"), 64, "GivenTwice", "-name"),
    Case("new-cluster --configure-only", 64, "MissingParameter", "--name"),
    *(
        Case(f"new-cluster --name {shlex.quote(name)} --configure-only", 65, "InvalidName", f"{name!r}|cluster")
        for name in ("a b", "x" * 64, "a.b", "\u00e4")
    ),
    Case("new-cluster --name nul --configure-only", 65, "ReservedName", "'nul'"),
    Case(cluster("--node-pool-name 'a b'"), 65, "InvalidName", "'a b'|node pool"),
    Case(cluster("--node-count 2"), 64, "MissingParameter", "--node-pool-name"),
    Case(cluster("--os-type windows"), 64, "MissingParameter", "--node-pool-name"),
    Case(cluster(f"{POOL} --linux-node-count 1"), 64, "ParameterSetsMixed", "NodePool|LegacyNodeCounts"),
    Case(cluster(f"{POOL} --windows-node-vm-size Default"), 64, "ParameterSetsMixed", "NodePool|LegacyNodeCounts"),
    Case(cluster("--enable-azure-rbac --taints a:NoSchedule"), 64, "ParameterSetsMixed", "AzureRBAC"),
    Case(cluster("--os-sku Windows2022 --enable-azure-rbac"), 64, "ParameterSetsMixed", "AzureRBAC|NodePool"),
    # declared, and without effect yet
    *(
        Case(cluster(f"--enable-azure-rbac --{option} x"), 69, "ParameterNotAvailable", f"--{option}|cloud account")
        for option in ("resource-group", "subscription-id", "tenant-id", "location", "app-id", "app-secret",
                       "aad-client-id")
    ),
    Case(cluster("--enable-azure-rbac"), 69, "ParameterNotAvailable", "--enable-azure-rbac|cloud account"),
    Case(cluster("--credential @x.json"), 69, "ParameterNotAvailable", "--credential"),
    *(
        Case(cluster(f"--{option}"), 69, "ParameterNotAvailable", f"--{option}|not built")
        for option in ("enable-ad-auth", "enable-monitoring", "enable-secrets-encryption", "enable-csi-smb",
                       "enable-csi-nfs")
    ),
    Case(cluster("--enable-auto-scaler true"), 69, "ParameterNotAvailable", "autoscaler"),
    Case(cluster("--auto-scaler-profile-name p"), 69, "ParameterNotAvailable", "autoscaler"),
    Case(cluster("--load-balancer-settings lb"), 65, "ObjectExpected", "'lb'|new-load-balancer-setting"),
    Case(cluster("--load-balancer-settings @missing.json"), 66, "ObjectFileNotFound", "missing.json"),
    Case(cluster("--load-balancer-settings '{\"Sku\": \"none\"}'"), 69, "ValueNotAvailable", "kube-vip"),
    Case(cluster("--load-balancer-settings '{\"Cuont\": 2}'"), 65, "UnknownProperty", "Cuont|did you mean Count"),
    Case(cluster("--load-balancer-settings '{\"Count\": 0}'"), 65, "OutOfRange", "at least 1"),
    Case(cluster("--load-balancer-settings '[]'"), 65, "InvalidObject", "one object"),
    Case("get-cluster --name demo", 66, "ClusterNotFound", "'demo'"),
    Case("test-cluster --name demo", 66, "ClusterNotFound", "'demo'"),
]  # fmt: skip
# What is at odds with a network or with the hosts that are recorded.
RECORDED = [
    Case(network(name="LAB"), 65, "NetworkExistsDifferently", "ipAddressPrefix is 10.0.0.0/24|10.20.0.0/24"),
    Case(network(ip_address_prefix="10.0.0.0/16", gateway="10.0.9.1", dns_servers="10.0.9.2",
                 vip_pool_start="10.0.9.200", vip_pool_end="10.0.9.220", k8s_node_ip_pool_start="10.0.9.10",
                 k8s_node_ip_pool_end="10.0.9.100"), 65, "NetworksOverlap", "10.0.0.0/16|10.0.0.0/24|lab"),
    Case(network(ip_address_prefix="10.0.0.0/24", gateway="10.0.0.1", dns_servers="10.0.0.2",
                 vip_pool_start="10.0.0.90", vip_pool_end="10.0.0.110", k8s_node_ip_pool_start="10.0.0.150",
                 k8s_node_ip_pool_end="10.0.0.160"), 65, "NetworksOverlap",
         "VIP pool 10.0.0.90-10.0.0.110|node pool 10.0.0.10-10.0.0.100 of network lab"),
    Case(cluster("--vnet nowhere"), 66, "NetworkNotFound", "'nowhere'|lab"),
    Case(cluster("--vnet '{\"Name\": \"lab\", \"Gateway\": \"10.0.0.9\"}'"), 65, "NetworkExistsDifferently",
         "10.0.0.1|10.0.0.9"),
    Case(cluster("--vnet '{\"Nmae\": \"lab\"}'"), 65, "UnknownProperty", "Nmae|did you mean Name"),
    # CIDRs
    Case(cluster("--pod-cidr 10.1.0.0/16,10.2.0.0/16"), 65, "CidrFamilies", "10.1.0.0/16, 10.2.0.0/16|one of each"),
    Case(cluster("--pod-cidr 10.1.0.0/16,fd00:1::/56 --service-cidr 10.96.0.0/12"), 65, "CidrFamiliesDiffer",
         "10.1.0.0/16,fd00:1::/56|10.96.0.0/12"),
    Case(cluster("--pod-cidr 10.97.0.0/16"), 65, "CidrsOverlap", "10.97.0.0/16|10.96.0.0/12"),
    Case(cluster("--service-cidr 10.244.0.0/20"), 65, "CidrsOverlap", "10.244.0.0/16|10.244.0.0/20"),
    Case(cluster("--pod-cidr 10.0.0.0/16"), 65, "ClusterRangeOverlap", "10.0.0.0/24|10.0.0.0/16|--pod-cidr"),
    Case(cluster("--service-cidr 10.0.0.0/20"), 65, "ClusterRangeOverlap", "10.0.0.0/20|--service-cidr"),
    Case(cluster("--service-cidr 192.0.2.0/24"), 65, "ClusterRangeOverlap", "DNS server 192.0.2.53|192.0.2.0/24"),
    Case(cluster("--service-cidr 127.0.0.0/16"), 65, "CidrReserved", "127.0.0.0/16|loopback"),
    Case(cluster("--service-cidr 10.96.0.0/29"), 65, "ServiceCidrTooSmall", "10.96.0.0/29|8 addresses|10 are"),
    Case(cluster("--service-cidr 11.0.0.0/11"), 65, "ServiceCidrTooLarge", "11.0.0.0/11|21 host bits|20 are the most"),
    Case(cluster("--pod-cidr 12.0.0.0/7"), 65, "PodCidrTooLarge", "12.0.0.0/7|17 bits|16 are the most"),
    Case(cluster("--pod-cidr 10.244.0.0/24"), 65, "CidrTooSmall", "10.244.0.0/24|1 networks for 2 nodes|/23"),
    Case(cluster("--pod-cidr 10.244.0.0/25"), 65, "CidrTooSmall", "10.244.0.0/25|0 networks for 2 nodes"),
    Case(cluster(f"{POOL} --node-count 300"), 65, "CidrTooSmall", "10.244.0.0/16|256 networks for 301 nodes|/15"),
    Case(cluster("--pod-cidr fd00:1::/56"), 69, "Ipv6NotAvailable", "IPv6|IPv4 only"),
    Case(cluster("--pod-cidr fd00:1::/56,10.1.0.0/16"), 69, "Ipv6NotAvailable", "IPv6 and then IPv4|IPv4 CIDR first"),
    # pools
    Case(cluster("--node-max-pod-count 255"), 65, "MaxPodsInvalid", "255 pods|/24|254"),
    Case(cluster("--windows-node-count 1 --node-max-pod-count 252"), 65, "MaxPodsInvalid", "252 pods|Windows|251"),
    Case(cluster(f"{POOL} --os-type Windows --node-vm-size Standard_NK6"), 65, "GpuOnWindows", "Standard_NK6|Linux"),
    Case(cluster("--windows-node-vm-size Standard_NK12"), 65, "GpuOnWindows", "Standard_NK12|demo-windows"),
    Case(cluster(f"{POOL} --os-sku Windows2022"), 65, "OsSkuMismatch", "Windows2022|Linux"),
    Case(cluster(f"{POOL} --os-type Windows --os-sku Mariner"), 65, "OsSkuMismatch", "Mariner|Windows"),
    Case(cluster("--taints a=1:NoSchedule,a=2:NoSchedule"), 65, "TaintTwice", "a:NoSchedule|demo-linux"),
    Case(cluster("--load-balancer-count 2 --load-balancer-settings '{\"Count\": 2}'"), 64, "LoadBalancerGivenTwice",
         "loadBalancerSettings, loadBalancerCount"),
    # network plugins
    Case(cluster("--primary-network-plugin flannel --pod-cidr 10.1.0.0/16,fd00:1::/56"), 65, "NetworkPluginCannot",
         "flannel has no IPv6|podCidr"),
    Case(cluster("--primary-network-plugin flannel --calico-dataplane iptables"), 65, "NetworkPluginCannot",
         "--calico-dataplane is for calico"),
    Case(cluster("--calico-dataplane ebpf --windows-node-count 1"), 65, "NetworkPluginCannot", "ebpf|Windows nodes"),
    Case(cluster("--calico-dataplane nftables --windows-node-count 1"), 65, "NetworkPluginCannot", "nftables|Windows"),
    Case(cluster("--windows-node-count 1 --pod-cidr 10.1.0.0/16,fd00:1::/56"), 65, "NetworkPluginCannot",
         "Windows nodes has no IPv6"),
    Case(cluster("--primary-network-plugin flannel --vnet lab,other"), 65, "NetworkPluginCannot", "daemon|vnet"),
    Case(cluster("--vnet lab,other"), 69, "NetworkPluginNotAvailable", "several networks"),
    # hosts
    Case(cluster("--control-plane-node-count 3"), 65, "TooFewHosts", "3 of 3 control plane|HostNotContacted"),
    Case(cluster("--windows-node-count 1"), 65, "TooFewHosts",
         "1 of 1 Windows worker of pool demo-windows|HostNotContacted"),
    # what is recorded stays what it is
    Case("new-cluster --name OLD --configure-only --primary-network-plugin flannel", 65, "NetworkPluginFixed",
         "calico|another cluster"),
    Case("new-cluster --name old --configure-only --pod-cidr 10.1.0.0/16", 65, "ClusterExistsDifferently",
         "podCidr is 10.244.0.0/16, asked for was 10.1.0.0/16|cannot be changed"),
    Case("new-cluster --name old --configure-only --linux-node-count 2", 65, "ClusterExistsDifferently",
         "linuxNodeCount is 1, asked for was 2|Set-AksHciNodePool"),
    Case("new-cluster --name old --configure-only --control-plane-node-count 3", 65, "ClusterExistsDifferently",
         "controlPlaneNodeCount is 1, asked for was 3|Set-AksHciCluster"),
    Case("new-cluster --name old --configure-only --kubernetes-version v1.35.0", 65, "ClusterExistsDifferently",
         "kubernetesVersion is v1.36.4, asked for was v1.35.0|Update-AksHciCluster"),
    Case("remove-cluster-network --name lab --yes", 65, "NetworkInUse", "old"),
]  # fmt: skip
# What RECORDED is at odds with.
HOSTS = {
    "hosts": [
        *({"name": f"h{n}", "address": f"10.0.0.{20 + n}", "os": "linux"} for n in range(8)),
        {"name": "win1", "address": "10.0.0.30", "os": "windows", "connection": "psrp"},
    ]
}
STORY = (
    network(
        name="lab", vswitch_name="eth0", ip_address_prefix="10.0.0.0/24", gateway="10.0.0.1",
        dns_servers="10.0.0.2,192.0.2.53", vip_pool_start="10.0.0.200", vip_pool_end="10.0.0.220",
        k8s_node_ip_pool_start="10.0.0.10", k8s_node_ip_pool_end="10.0.0.100",
    ),
    "add-host --file hosts.json --offline",
    "new-cluster --name old --kubernetes-version v1.36.4 --configure-only --output-dir old",
)  # fmt: skip
