#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: "Show networks, and who has which address"
description:
  - "Does what C(aksprov get-cluster-network) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Only the network of this name."
    type: str
  cluster_name:
    description:
      - "Only the network that this cluster uses."
    type: str
  addresses:
    description:
      - "Show every address that is leased, by whom, and which are free."
    type: bool
  map:
    description:
      - "Draw the pools address by address: free, reserved, in quarantine, or leased by which cluster."
    type: bool
attributes:
  check_mode:
    support: full
    description: "Nothing is changed, recorded or leased."
  diff_mode:
    support: none
    description: "There is nothing to compare."
"""

EXAMPLES = r"""
---
- name: "Show networks, and who has which address."
  aksprov.hci.network_info: {}
  register: found
"""

RETURN = r"""
objects:
  description:
    - "What is recorded, under AksHci's names."
  returned: always
  type: list
  elements: dict
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
    Addresses:
      description:
        - "ours: with --addresses, each lease and what is free"
      returned: always
      type: list
      elements: dict
    Map:
      description:
        - "ours: with --map, each pool with its addresses and how many are what"
      returned: always
      type: list
      elements: dict
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {
    "name": {
        "type": "str",
    },
    "cluster_name": {
        "type": "str",
    },
    "addresses": {
        "type": "bool",
    },
    "map": {
        "type": "bool",
    },
}
NAMES = {
    "name": "name",
    "cluster_name": "clusterName",
    "addresses": "addresses",
    "map": "map",
}
VERB = "get-cluster-network"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
