#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: get_credential
short_description: "Write the kubeconfig that kubectl reads"
description:
  - "Does what C(aksprov get-credential) does."
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Name of the cluster."
    type: str
    required: true
  config_path:
    description:
      - >-
        File that the credential is merged into, or a folder, whose file config it is; ~/.kube/config when it
        is left out.
    type: str
  ad_auth:
    description:
      - "A kubeconfig for sign-on by Active Directory."
      - "Not available: this add-on is not built."
    type: bool
  aad_auth:
    description:
      - "A kubeconfig for sign-on by Azure."
      - "Not available: it needs a cloud account, and aksprov uses none."
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
- name: "Write the kubeconfig that kubectl reads."
  aksprov.hci.get_credential:
    name: mycluster
    config_path: mycluster.kubeconfig
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
    Name:
      description:
        - Name
      returned: always
      type: str
    ConfigPath:
      description:
        - "ours: the file that was written, mode 0600"
      returned: always
      type: str
    Context:
      description:
        - "ours: now the current one of that file"
      returned: always
      type: str
    Server:
      description:
        - ours
      returned: always
      type: str
    Expires:
      description:
        - "ours: when the certificate ends"
      returned: always
      type: str
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_verb

ARGUMENTS = {
    "name": {
        "type": "str",
        "required": True,
    },
    "config_path": {
        "type": "str",
    },
    "ad_auth": {
        "type": "bool",
    },
    "aad_auth": {
        "type": "bool",
    },
}
NAMES = {
    "name": "name",
    "config_path": "configPath",
    "ad_auth": "adAuth",
    "aad_auth": "aadAuth",
}
VERB = "get-credential"
CONFIRMS = True
CHANGES = True


def main():
    run_verb(ARGUMENTS, NAMES, VERB, CONFIRMS, CHANGES)


if __name__ == "__main__":
    main()
