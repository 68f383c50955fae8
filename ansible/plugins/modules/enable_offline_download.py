#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: enable_offline_download
short_description: "Make a bundle the default"
description:
  - "Does what C(aksprov enable-offline-download) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  staging_share:
    description:
      - "Folder of the bundle."
    type: str
    required: true
  offsite_transfer_completed:
    description:
      - "The bundle is there: it is verified whole now. Otherwise it may arrive later."
      - "When it is left out, aksprov takes V(False)."
    type: bool
  trust_key:
    description:
      - "Public key of whoever made the bundle, as new-offline-bundle printed it there."
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
- name: "Make a bundle the default."
  aksprov.hci.enable_offline_download:
    staging_share: "/srv/bundle"
    offsite_transfer_completed: true
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
        "required": True,
    },
    "offsite_transfer_completed": {
        "type": "bool",
    },
    "trust_key": {
        "type": "str",
        "no_log": False,
    },
}
NAMES = {
    "staging_share": "stagingShare",
    "offsite_transfer_completed": "offsiteTransferCompleted",
    "trust_key": "trustKey",
}
VERB = "enable-offline-download"
CONFIRMS = False
CHANGES = True


def main():
    run_verb(ARGUMENTS, NAMES, VERB, CONFIRMS, CHANGES)


if __name__ == "__main__":
    main()
