#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: "Show clusters, as recorded"
description:
  - "Does what C(aksprov get-cluster) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Only the cluster of this name."
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
- name: "Show clusters, as recorded."
  aksprov.hci.cluster_info: {}
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
    ProvisioningState:
      description:
        - ProvisioningState
      returned: always
      type: str
    Status:
      description:
        - "ProvisioningState, Details and Error"
      returned: always
      type: dict
    KubernetesVersion:
      description:
        - KubernetesVersion
      returned: always
      type: str
    PackageVersion:
      description:
        - PackageVersion
      returned: always
      type: str
    NodePools:
      description:
        - NodePools
      returned: always
      type: list
      elements: str
    LinuxNodeCount:
      description:
        - LinuxNodeCount
      returned: always
      type: int
    WindowsNodeCount:
      description:
        - WindowsNodeCount
      returned: always
      type: int
    Windows2022NodeCount:
      description:
        - Windows2022NodeCount
      returned: always
      type: int
    ControlPlaneNodeCount:
      description:
        - ControlPlaneNodeCount
      returned: always
      type: int
    ControlPlaneVmSize:
      description:
        - ControlPlaneVmSize
      returned: always
      type: str
    AutoScalerEnabled:
      description:
        - AutoScalerEnabled
      returned: always
      type: bool
    AutoScalerProfileName:
      description:
        - AutoScalerProfileName
      returned: always
      type: str
    AutoScalerProfile:
      description:
        - "the newer releases' name of the same"
      returned: always
      type: str
    LoadBalancer:
      description:
        - "VMSize, Count and Sku"
      returned: always
      type: dict
    ImageName:
      description:
        - ImageName
      returned: always
      type: str
    PrimaryNetworkPlugin:
      description:
        - ours
      returned: always
      type: str
    CalicoDataplane:
      description:
        - "ours; empty without Calico"
      returned: always
      type: str
    PodCidr:
      description:
        - ours
      returned: always
      type: list
      elements: str
    ServiceCidr:
      description:
        - ours
      returned: always
      type: list
      elements: str
    VirtualNetwork:
      description:
        - "ours: name of the network"
      returned: always
      type: str
    ApiServerAddress:
      description:
        - "ours: the API server's VIP"
      returned: always
      type: str
    ApiServerDnsName:
      description:
        - ours
      returned: always
      type: list
      elements: str
    NodeSettings:
      description:
        - ours
      returned: always
      type: dict
    ProgramSource:
      description:
        - ours
      returned: always
      type: str
    OfflineBundle:
      description:
        - "ours: a folder on the controller"
      returned: always
      type: str
    OfflineBundleUrl:
      description:
        - "ours: that Windows hosts get its files from"
      returned: always
      type: str
    PackageSettings:
      description:
        - "ours: Repository, Key and Proxy"
      returned: always
      type: dict
    Nodes:
      description:
        - "ours: Host, Role, Address, Interface and NodePool"
      returned: always
      type: list
      elements: dict
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {
    "name": {
        "type": "str",
    },
}
NAMES = {
    "name": "name",
}
VERB = "get-cluster"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
