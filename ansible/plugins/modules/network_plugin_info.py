#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: network_plugin_info
short_description: "Show what each network plugin can do"
description:
  - "Does what C(aksprov get-network-plugin) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Only the capability of this name, in any case."
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
- name: "Show what each network plugin can do."
  aksprov.hci.network_plugin_info: {}
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
        - "a stable id"
      returned: always
      type: str
    Capability:
      description:
        - "what it is, in words"
      returned: always
      type: str
    Flannel:
      description:
        - "yes, no, or how"
      returned: always
      type: str
    Calico:
      description:
        - "yes, no, or how"
      returned: always
      type: str
    Limits:
      description:
        - "what a definition that breaks it is refused with"
      returned: always
      type: list
      elements: str
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
VERB = "get-network-plugin"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
