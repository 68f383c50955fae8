#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_version_info
short_description: "List the Kubernetes versions that can be had"
description:
  - "Does what C(aksprov get-kubernetes-version) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options: {}
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
- name: "List the Kubernetes versions that can be had."
  aksprov.hci.kubernetes_version_info: {}
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
    OrchestratorType:
      description:
        - OrchestratorType
      returned: always
      type: str
    OrchestratorVersion:
      description:
        - OrchestratorVersion
      returned: always
      type: str
    OS:
      description:
        - OS
      returned: always
      type: str
    IsPreview:
      description:
        - IsPreview
      returned: always
      type: bool
    CalicoVersion:
      description:
        - "ours: the Calico that goes with it"
      returned: always
      type: str
    CalicoTested:
      description:
        - "ours: whether Calico's makers tested the pair"
      returned: always
      type: bool
    FlannelVersion:
      description:
        - "ours: the Flannel that goes with it"
      returned: always
      type: str
    Containerd:
      description:
        - "ours: releases of containerd that go with it"
      returned: always
      type: str
    KubeadmApi:
      description:
        - "ours: version of the documents that its kubeadm reads"
      returned: always
      type: str
    Pause:
      description:
        - "ours: tag of the pause image that its kubeadm expects"
      returned: always
      type: str
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {}
NAMES = {}
VERB = "get-kubernetes-version"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
