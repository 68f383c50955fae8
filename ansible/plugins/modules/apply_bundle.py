#!/usr/bin/python
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: apply_bundle
short_description: Push a host's files from a folder, by Ansible's own connection
description:
  - >-
    Does for one host what C(aksprov apply --from) does for all, for sites where only Ansible may touch hosts. The program aksprov
    of the same version is found on the control node by E(AKSPROV_CLI) or PATH; it plans, leases, journals, checks and
    writes the manifest as ever, so that either can go on where the other stopped.
  - The host needs no Python. The user must be root, or become it.
  - >-
    A load balancer whose cluster's CA certificate is not there yet fails with C(LateValueMissing), as the first control
    plane gives it; while another load balancer of the cluster is being changed it fails with C(HostsLocked). The role
    C(aksprov.hci.apply_bundle) tries these again.
author:
  - aksprov (@aksprov)
options:
  folder:
    description: Folder that C(aksprov new-cluster --output-dir) wrote, on the control node.
    type: path
    required: true
  host:
    description: Name under which aksprov has recorded the host. When it is left out, the one in the inventory.
    type: str
attributes:
  check_mode:
    support: full
    description: Nothing is changed, recorded or leased.
  diff_mode:
    support: full
    description: Files of the host.
"""

EXAMPLES = r"""
---
- name: Push what the folder has for the host
  aksprov.hci.apply_bundle:
    folder: review
  become: true
"""

RETURN = r"""
object:
  description: The cluster, as aksprov records it after the task.
  returned: success
  type: dict
plan:
  description: The plan of the host, in check mode and with --diff.
  returned: when there is one
  type: dict
rows:
  description: "Checks that did not pass: TestName, TestResult, Details, Recommendation, Host, Cluster."
  returned: always
  type: list
  elements: dict
error:
  description: On failure, code, what, where, why, fix and exitCode, as aksprov itself says them.
  returned: failure
  type: dict
"""
