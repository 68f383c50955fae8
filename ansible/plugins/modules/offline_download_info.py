#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: offline_download_info
short_description: "Show the default bundle"
description:
  - "Does what C(aksprov get-offline-download) does."
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
- name: "Show the default bundle."
  aksprov.hci.offline_download_info: {}
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

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {}
NAMES = {}
VERB = "get-offline-download"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
