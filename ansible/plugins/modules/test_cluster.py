#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: test_cluster
short_description: "Check a cluster's hosts, services and VIP"
description:
  - "Does what C(aksprov test-cluster) does; a check that fails is a failed task, whose RV(rows) have it."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Name of the cluster."
    type: str
    required: true
  failover:
    description:
      - "Also stop HAProxy, then keepalived, where the VIP is, and measure how long it is away; asks first."
    type: bool
attributes:
  check_mode:
    support: none
    description: "The task is skipped."
  diff_mode:
    support: none
    description: "There is nothing to compare."
"""

EXAMPLES = r"""
---
- name: "Check a cluster's hosts, services and VIP."
  aksprov.hci.test_cluster:
    name: mycluster
"""

RETURN = r"""
error:
  description:
    - "On failure: code, what, where, why, fix and exitCode, as aksprov itself says them."
  returned: failure
  type: dict
rows:
  description:
    - "Every check."
  returned: always
  type: list
  elements: dict
  contains:
    TestName:
      description:
        - "a stable id"
      returned: always
      type: str
    Category:
      description:
        - Category
      returned: always
      type: str
    TestResult:
      description:
        - "Passed, Failed, Warning or Skipped"
      returned: always
      type: str
    Details:
      description:
        - Details
      returned: always
      type: str
    Recommendation:
      description:
        - Recommendation
      returned: always
      type: str
    Host:
      description:
        - Host
      returned: always
      type: str
    Cluster:
      description:
        - Cluster
      returned: always
      type: str
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_verb

ARGUMENTS = {
    "name": {
        "type": "str",
        "required": True,
    },
    "failover": {
        "type": "bool",
    },
}
NAMES = {
    "name": "name",
    "failover": "failover",
}
VERB = "test-cluster"
CONFIRMS = True
CHANGES = False


def main():
    run_verb(ARGUMENTS, NAMES, VERB, CONFIRMS, CHANGES)


if __name__ == "__main__":
    main()
