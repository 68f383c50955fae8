#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: lock_info
short_description: "Show which runs hold which hosts"
description:
  - "Does what C(aksprov get-lock) does."
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
- name: "Show which runs hold which hosts."
  aksprov.hci.lock_info: {}
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
    Run:
      description:
        - "the run's id"
      returned: always
      type: str
    Verb:
      description:
        - "what the run was started with"
      returned: always
      type: str
    Objects:
      description:
        - "what it changes"
      returned: always
      type: list
      elements: str
    Owner:
      description:
        - "user, machine and process"
      returned: always
      type: str
    Hosts:
      description:
        - Hosts
      returned: always
      type: list
      elements: str
    TakenAt:
      description:
        - UTC
      returned: always
      type: str
    RenewedAt:
      description:
        - UTC
      returned: always
      type: str
    AgeSeconds:
      description:
        - "since it was taken"
      returned: always
      type: int
    Expired:
      description:
        - "the next run may take these hosts over"
      returned: always
      type: bool
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {}
NAMES = {}
VERB = "get-lock"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
