#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_network
short_description: "Define a network that clusters are made on"
description:
  - >-
    Does what C(aksprov new-cluster-network) does, and with I(state=absent) what removes it. What is there
    already is changed as C(aksprov set-cluster-network) does.
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Name of the network."
    type: str
    required: true
  vswitch_name:
    description:
      - >-
        Name of the virtual switch or bridge that nodes are connected to; recorded, and the key of a host's
        'interfaces'. Nothing is configured on it.
    type: str
  ip_address_prefix:
    description:
      - "The subnet, as address and length."
    type: str
  gateway:
    description:
      - "Default gateway of the subnet, outside both pools."
    type: str
  dns_servers:
    description:
      - "DNS servers of the nodes, one to three: repeat the option, or put commas between them."
    type: list
    elements: str
  vip_pool_start:
    description:
      - "First virtual address, for API servers and Services."
    type: str
  vip_pool_end:
    description:
      - "Last virtual address."
    type: str
  k8s_node_ip_pool_start:
    description:
      - "First address for nodes that bring none of their own."
    type: str
  k8s_node_ip_pool_end:
    description:
      - "Last address for nodes."
    type: str
  vlan_id:
    description:
      - "VLAN of the network (IEEE 802.1Q); recorded and checked, never configured. Untagged when left out."
    type: int
  mac_pool_name:
    description:
      - "Name of the MAC address pool; recorded only."
    type: str
  upgrade_reserve:
    description:
      - "Addresses of the node pool that sizing keeps for the upgrades of each cluster."
      - "When it is left out, aksprov takes V(5)."
    type: int
  dhcp_scope:
    description:
      - >-
        Addresses that the DHCP server hands out, A-B; the VIP pool must be outside. It cannot be asked for
        them, so without this option a Warning says that nobody knows.
    type: str
  site:
    description:
      - >-
        Site of the network: address ranges of different sites may overlap, and only hosts with this label
        'site' join it. Without one the network shares one scope with all others that have none.
    type: str
  add_vip_range:
    description:
      - "Add these addresses to the VIP pool: A-B, or one address. Repeat the option, or put commas between them."
    type: list
    elements: str
  add_node_range:
    description:
      - "Add these addresses to the node pool."
    type: list
    elements: str
  remove_vip_range:
    description:
      - "Take these addresses out of the VIP pool, where nobody has them."
    type: list
    elements: str
  remove_node_range:
    description:
      - "Take these addresses out of the node pool, where nobody has them."
    type: list
    elements: str
  reserve:
    description:
      - "Never hand these addresses out."
    type: list
    elements: str
  release:
    description:
      - "Hand these addresses out again, which were reserved, or are in quarantine as somebody answered for them."
    type: list
    elements: str
  state:
    description:
      - "Whether it is to be there."
    type: str
    choices:
      - present
      - absent
    default: present
attributes:
  check_mode:
    support: full
    description: "Nothing is changed, recorded or leased."
  diff_mode:
    support: full
    description: "Files of hosts, or the recorded object."
"""

EXAMPLES = r"""
---
- name: "Define a network that clusters are made on."
  aksprov.hci.cluster_network:
    name: mynet
    vswitch_name: External
    ip_address_prefix: "10.0.0.0/24"
    gateway: "10.0.0.1"
    dns_servers:
      - "10.0.0.2"
    vip_pool_start: "10.0.0.200"
    vip_pool_end: "10.0.0.220"
    k8s_node_ip_pool_start: "10.0.0.10"
    k8s_node_ip_pool_end: "10.0.0.100"
- name: "Take it away again."
  aksprov.hci.cluster_network:
    name: mynet
    state: absent
"""

RETURN = r"""
object:
  description:
    - "What is recorded after the task, under AksHci's names."
  returned: "when it is there"
  type: dict
  contains:
    Name:
      description:
        - Name
      returned: always
      type: str
    VswitchName:
      description:
        - VswitchName
      returned: always
      type: str
    IpAddressPrefix:
      description:
        - IpAddressPrefix
      returned: always
      type: str
    Gateway:
      description:
        - Gateway
      returned: always
      type: str
    DnsServers:
      description:
        - DnsServers
      returned: always
      type: list
      elements: str
    MacPoolName:
      description:
        - MacPoolName
      returned: always
      type: str
    Vlanid:
      description:
        - Vlanid
      returned: always
      type: int
    VipPoolStart:
      description:
        - VipPoolStart
      returned: always
      type: str
    VipPoolEnd:
      description:
        - VipPoolEnd
      returned: always
      type: str
    K8snodeIPPoolStart:
      description:
        - K8snodeIPPoolStart
      returned: always
      type: str
    K8snodeIPPoolEnd:
      description:
        - K8snodeIPPoolEnd
      returned: always
      type: str
    Site:
      description:
        - ours
      returned: always
      type: str
    UpgradeReserve:
      description:
        - ours
      returned: always
      type: int
    VipPoolRanges:
      description:
        - "ours: every range of the VIP pool; VipPoolStart is of the first"
      returned: always
      type: list
      elements: str
    NodePoolRanges:
      description:
        - "ours: every range of the node pool"
      returned: always
      type: list
      elements: str
    ReservedRanges:
      description:
        - "ours: addresses that no pool hands out"
      returned: always
      type: list
      elements: str
    DhcpScope:
      description:
        - "ours: addresses that the DHCP server hands out"
      returned: always
      type: str
plan:
  description:
    - "The plan, in check mode and with --diff."
  returned: "when there is one"
  type: dict
rows:
  description:
    - "Checks that did not pass: TestName, TestResult, Details, Recommendation, Host, Cluster."
  returned: always
  type: list
  elements: dict
error:
  description:
    - "On failure: code, what, where, why, fix and exitCode, as aksprov itself says them."
  returned: failure
  type: dict
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_state

ARGUMENTS = {
    "name": {
        "type": "str",
        "required": True,
    },
    "vswitch_name": {
        "type": "str",
    },
    "ip_address_prefix": {
        "type": "str",
    },
    "gateway": {
        "type": "str",
    },
    "dns_servers": {
        "type": "list",
        "elements": "str",
    },
    "vip_pool_start": {
        "type": "str",
    },
    "vip_pool_end": {
        "type": "str",
    },
    "k8s_node_ip_pool_start": {
        "type": "str",
    },
    "k8s_node_ip_pool_end": {
        "type": "str",
    },
    "vlan_id": {
        "type": "int",
    },
    "mac_pool_name": {
        "type": "str",
    },
    "upgrade_reserve": {
        "type": "int",
    },
    "dhcp_scope": {
        "type": "str",
    },
    "site": {
        "type": "str",
    },
    "add_vip_range": {
        "type": "list",
        "elements": "str",
    },
    "add_node_range": {
        "type": "list",
        "elements": "str",
    },
    "remove_vip_range": {
        "type": "list",
        "elements": "str",
    },
    "remove_node_range": {
        "type": "list",
        "elements": "str",
    },
    "reserve": {
        "type": "list",
        "elements": "str",
    },
    "release": {
        "type": "list",
        "elements": "str",
    },
    "state": {
        "type": "str",
        "choices": [
            "present",
            "absent",
        ],
        "default": "present",
    },
}
VERBS = {
    "present": {
        "verb": "new-cluster-network",
        "options": {
            "name": "name",
            "vswitch_name": "vswitchName",
            "ip_address_prefix": "ipAddressPrefix",
            "gateway": "gateway",
            "dns_servers": "dnsServers",
            "vip_pool_start": "vipPoolStart",
            "vip_pool_end": "vipPoolEnd",
            "k8s_node_ip_pool_start": "k8sNodeIpPoolStart",
            "k8s_node_ip_pool_end": "k8sNodeIpPoolEnd",
            "vlan_id": "vlanID",
            "mac_pool_name": "macPoolName",
            "upgrade_reserve": "upgradeReserve",
            "dhcp_scope": "dhcpScope",
            "site": "site",
        },
        "confirms": False,
        "plans": False,
    },
    "absent": {
        "verb": "remove-cluster-network",
        "options": {
            "name": "name",
        },
        "confirms": True,
        "plans": False,
    },
    "show": {
        "verb": "get-cluster-network",
        "options": {
            "name": "name",
        },
        "confirms": False,
        "plans": False,
    },
    "afterwards": {
        "verb": "set-cluster-network",
        "options": {
            "add_vip_range": "addVipRange",
            "add_node_range": "addNodeRange",
            "remove_vip_range": "removeVipRange",
            "remove_node_range": "removeNodeRange",
            "reserve": "reserve",
            "release": "release",
        },
        "by": {
            "name": "name",
        },
        "confirms": True,
        "plans": True,
    },
}
CHANGES = []


def main():
    run_state(ARGUMENTS, VERBS, CHANGES)


if __name__ == "__main__":
    main()
