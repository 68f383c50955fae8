#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: node_pool
short_description: "Add a node pool to a cluster"
description:
  - >-
    Does what C(aksprov new-node-pool) does, and with I(state=absent) what removes it. What is there already
    is changed as C(aksprov set-node-pool) does.
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
      - "Name of the node pool."
    type: str
    required: true
  count:
    description:
      - "Its nodes."
      - "When it is left out, aksprov takes V(1)."
    type: int
  os_type:
    description:
      - "What its hosts run."
      - "When it is left out, aksprov takes V(Linux)."
    type: str
    choices:
      - Linux
      - Windows
  os_sku:
    description:
      - "Edition of its system; recorded."
    type: str
  vm_size:
    description:
      - "Size that each of its hosts should have."
      - "When it is left out, aksprov takes V(Standard_K8S3_v1)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  taints:
    description:
      - "Taints of each of its nodes: repeat the option, or put commas between them."
    type: list
    elements: str
  max_pod_count:
    description:
      - "Most pods on one of its nodes."
      - "When it is left out, aksprov takes V(110)."
    type: int
  vnet:
    description:
      - "Network that its nodes are on, with calico; the cluster's when left out."
    type: str
  host_labels:
    description:
      - "Labels that a host must have to be taken for the pool: repeat the option."
    type: dict
  disable_auto_scaler:
    description:
      - "Keep the pool out of autoscaling."
      - "Not available: the autoscaler is not built yet."
    type: bool
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
- name: "Add a node pool to a cluster."
  aksprov.hci.node_pool:
    cluster_name: mycluster
    name: gpu
    count: 2
    taints:
      - "sku=gpu:NoSchedule"
- name: "Take it away again."
  aksprov.hci.node_pool:
    cluster_name: mycluster
    name: gpu
    state: absent
"""

RETURN = r"""
object:
  description:
    - "What is recorded after the task, under AksHci's names."
  returned: "when it is there"
  type: dict
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
    "cluster_name": {
        "type": "str",
        "required": True,
    },
    "name": {
        "type": "str",
        "required": True,
    },
    "count": {
        "type": "int",
    },
    "os_type": {
        "type": "str",
        "choices": [
            "Linux",
            "Windows",
        ],
    },
    "os_sku": {
        "type": "str",
    },
    "vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "taints": {
        "type": "list",
        "elements": "str",
    },
    "max_pod_count": {
        "type": "int",
    },
    "vnet": {
        "type": "str",
    },
    "host_labels": {
        "type": "dict",
    },
    "disable_auto_scaler": {
        "type": "bool",
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
        "verb": "new-node-pool",
        "options": {
            "cluster_name": "clusterName",
            "name": "name",
            "count": "count",
            "os_type": "osType",
            "os_sku": "osSku",
            "vm_size": "vmSize",
            "taints": "taints",
            "max_pod_count": "maxPodCount",
            "vnet": "vnet",
            "host_labels": "hostLabels",
            "disable_auto_scaler": "disableAutoScaler",
        },
        "confirms": False,
        "plans": True,
    },
    "absent": {
        "verb": "remove-node-pool",
        "options": {
            "cluster_name": "clusterName",
            "name": "name",
        },
        "confirms": True,
        "plans": True,
    },
    "show": {
        "verb": "get-node-pool",
        "options": {
            "cluster_name": "clusterName",
            "name": "name",
        },
        "confirms": False,
        "plans": False,
    },
}
CHANGES = [
    {
        "verb": "set-node-pool",
        "by": {
            "cluster_name": "clusterName",
            "name": "name",
        },
        "options": {
            "count": "count",
        },
        "confirms": True,
        "plans": True,
    },
]


def main():
    run_state(ARGUMENTS, VERBS, CHANGES)


if __name__ == "__main__":
    main()
