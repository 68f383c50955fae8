#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: node_pool_info
short_description: "Show a cluster's node pools, as recorded"
description:
  - "Does what C(aksprov get-node-pool) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  cluster_name:
    description:
      - "Name of the cluster."
    type: str
    required: true
  name:
    description:
      - "Only the pool of this name."
    type: str
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
- name: "Show a cluster's node pools, as recorded."
  aksprov.hci.node_pool_info:
    cluster_name: demo
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
    ClusterName:
      description:
        - ClusterName
      returned: always
      type: str
    NodePoolName:
      description:
        - NodePoolName
      returned: always
      type: str
    Version:
      description:
        - Version
      returned: always
      type: str
    OsType:
      description:
        - OsType
      returned: always
      type: str
    NodeCount:
      description:
        - NodeCount
      returned: always
      type: int
    VmSize:
      description:
        - VmSize
      returned: always
      type: str
    Phase:
      description:
        - Phase
      returned: always
      type: str
    Status:
      description:
        - "Phase, Details and Error"
      returned: always
      type: dict
    AutoScalerEnabled:
      description:
        - AutoScalerEnabled
      returned: always
      type: bool
    Taints:
      description:
        - Taints
      returned: always
      type: list
      elements: str
    HostLabels:
      description:
        - "ours: labels that its hosts have"
      returned: always
      type: dict
    VirtualNetwork:
      description:
        - "ours: the network that its nodes are on"
      returned: always
      type: str
    Nodes:
      description:
        - "ours: the pool's hosts"
      returned: always
      type: list
      elements: str
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {
    "cluster_name": {
        "type": "str",
        "required": True,
    },
    "name": {
        "type": "str",
    },
}
NAMES = {
    "cluster_name": "clusterName",
    "name": "name",
}
VERB = "get-node-pool"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
