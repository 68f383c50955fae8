#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: disable_offline_download
short_description: "Have no default bundle"
description:
  - "Does what C(aksprov disable-offline-download) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  staging_share:
    description:
      - "Only if it is this folder that is recorded."
    type: str
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
- name: "Have no default bundle."
  aksprov.hci.disable_offline_download: {}
"""

RETURN = r"""
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
objects:
  description:
    - "What it shows, under AksHci's names."
  returned: always
  type: list
  elements: dict
  contains:
    StagingShare:
      description:
        - "folder of the bundle that is used where none is named"
      returned: always
      type: str
    OffsiteTransferCompleted:
      description:
        - OffsiteTransferCompleted
      returned: always
      type: bool
    KubernetesVersion:
      description:
        - "of the bundle there; empty while it cannot be used"
      returned: always
      type: str
    Details:
      description:
        - "why it cannot be used"
      returned: always
      type: str
    TrustedKeys:
      description:
        - "fingerprints of the keys whose bundles are used"
      returned: always
      type: list
      elements: str
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_verb

ARGUMENTS = {
    "staging_share": {
        "type": "str",
    },
}
NAMES = {
    "staging_share": "stagingShare",
}
VERB = "disable-offline-download"
CONFIRMS = False
CHANGES = True


def main():
    run_verb(ARGUMENTS, NAMES, VERB, CONFIRMS, CHANGES)


if __name__ == "__main__":
    main()
