#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: "Show hosts, as recorded"
description:
  - "Does what C(aksprov get-host) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Only the host of this name."
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
- name: "Show hosts, as recorded."
  aksprov.hci.host_info: {}
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
    Address:
      description:
        - Address
      returned: always
      type: str
    Os:
      description:
        - Os
      returned: always
      type: str
    Connection:
      description:
        - Connection
      returned: always
      type: str
    Port:
      description:
        - Port
      returned: always
      type: int
    User:
      description:
        - User
      returned: always
      type: str
    Auth:
      description:
        - Auth
      returned: always
      type: str
    KeyFile:
      description:
        - KeyFile
      returned: always
      type: str
    KeyPassphraseRef:
      description:
        - KeyPassphraseRef
      returned: always
      type: str
    PasswordRef:
      description:
        - PasswordRef
      returned: always
      type: str
    Become:
      description:
        - Become
      returned: always
      type: str
    BecomePasswordRef:
      description:
        - BecomePasswordRef
      returned: always
      type: str
    HostKey:
      description:
        - HostKey
      returned: always
      type: str
    CaFile:
      description:
        - CaFile
      returned: always
      type: str
    CertificateSha256:
      description:
        - CertificateSha256
      returned: always
      type: str
    JumpHost:
      description:
        - JumpHost
      returned: always
      type: str
    Labels:
      description:
        - Labels
      returned: always
      type: dict
    Roles:
      description:
        - Roles
      returned: always
      type: list
      elements: str
    Capacity:
      description:
        - "what is declared: Cpus, MemoryGb and DiskGb"
      returned: always
      type: dict
    Interfaces:
      description:
        - Interfaces
      returned: always
      type: dict
    Maintenance:
      description:
        - "Reason and Until"
      returned: always
      type: dict
    Cpus:
      description:
        - "declared, else as the host says"
      returned: always
      type: int
    MemoryGb:
      description:
        - "declared, else as the host says"
      returned: always
      type: float
    OsVersion:
      description:
        - OsVersion
      returned: always
      type: str
    MachineId:
      description:
        - MachineId
      returned: always
      type: str
    Clusters:
      description:
        - Clusters
      returned: always
      type: list
      elements: str
    State:
      description:
        - "Free, InCluster, Maintenance, Quarantined, or Unseen: it has never answered"
      returned: always
      type: str
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
VERB = "get-host"


def main():
    run_info(ARGUMENTS, NAMES, VERB)


if __name__ == "__main__":
    main()
