#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_size_info
short_description: "List VM sizes: how large hosts should be"
description:
  - "Does what C(aksprov get-vm-size) does."
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
- name: "List VM sizes: how large hosts should be."
  aksprov.hci.vm_size_info: {}
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
    VmSize:
      description:
        - VmSize
      returned: always
      type: str
    CPU:
      description:
        - CPU
      returned: always
      type: int
    MemoryGB:
      description:
        - MemoryGB
      returned: always
      type: int
    GPU Type:
      description:
        - "GPU Type"
      returned: always
      type: str
    GPU Count:
      description:
        - "GPU Count"
      returned: always
      type: int
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_info

ARGUMENTS = {}
NAMES = {}
VERB = "get-vm-size"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
