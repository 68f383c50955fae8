#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: "Record hosts and read their facts"
description:
  - >-
    Does what C(aksprov add-host) does, and with I(state=absent) what removes it. What is there already is
    changed as C(aksprov set-host) does.
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Name of the host; in lower case it is the node's name."
    type: str
    required: true
  address:
    description:
      - "DNS name or IP address to connect to."
    type: str
  os:
    description:
      - "Operating system."
    type: str
    choices:
      - linux
      - windows
  connection:
    description:
      - "How the host is reached; local is this machine. Left out: ssh for Linux, psrp for Windows."
    type: str
    choices:
      - ssh
      - psrp
      - winrm
      - local
  port:
    description:
      - "TCP port; left out it is 22 for ssh, 5986 for psrp and winrm (5985: HTTP with sealed messages)."
    type: int
  user:
    description:
      - "User to log on as."
    type: str
  auth:
    description:
      - "How the user logs in to WinRM; negotiate when left out. basic and certificate need HTTPS."
    type: str
    choices:
      - negotiate
      - ntlm
      - kerberos
      - credssp
      - basic
      - certificate
  key_file:
    description:
      - "Private SSH key; with --auth certificate: a PEM file of the client's certificate and its key."
    type: str
  key_passphrase_ref:
    description:
      - "Where the passphrase of --key-file is; forms as for --password-ref."
    type: str
  host_key:
    description:
      - "The host's public SSH key, pinned: 'ssh-ed25519 AAAA...'. scan-host-keys finds it."
    type: str
  password_ref:
    description:
      - "Where the password is, never the password: env:NAME, file:PATH, keyring:SERVICE/USER or prompt."
    type: str
  become:
    description:
      - "How root's rights are got; none for a user who has them."
    type: str
    choices:
      - sudo
      - none
  become_password_ref:
    description:
      - "Where sudo's password is; forms as for --password-ref."
    type: str
  jump_host:
    description:
      - "Bastion to go through: a host of the inventory, or [user@]host[:port]."
    type: str
  ca_file:
    description:
      - "CA certificates that a WinRM certificate is checked with."
    type: str
  certificate_sha256:
    description:
      - "SHA-256 fingerprint of a WinRM certificate, pinned."
    type: str
  roles:
    description:
      - "Roles that the host may take, any when left out: repeat the option, or put commas between them."
    type: list
    elements: str
  labels:
    description:
      - "Labels such as site and rack: repeat the option."
    type: dict
  interfaces:
    description:
      - "Interface that is connected to a network's switch: repeat the option."
    type: dict
  maintenance_reason:
    description:
      - "Leave the host alone, for this reason."
    type: str
  maintenance_until:
    description:
      - "Until this day."
    type: str
  cpus:
    description:
      - Processors.
    type: int
  memory_gb:
    description:
      - "Memory in GB."
    type: float
  disk_gb:
    description:
      - "Disk in GB."
    type: float
  offline:
    description:
      - "Record only; contact no host."
    type: bool
  purge:
    description:
      - "Also take everything that aksprov left on the host away."
      - "Taken with I(state=absent)."
    type: bool
  force:
    description:
      - "Also when it cannot be purged, or is in quarantine and never comes back."
      - "Taken with I(state=absent)."
    type: bool
  state:
    description:
      - "Whether it is to be there."
    type: str
    choices:
      - present
      - absent
    default: present
attributes:
  check_mode:
    support: full
    description: "Nothing is changed, recorded or leased."
  diff_mode:
    support: full
    description: "Files of hosts, or the recorded object."
"""

EXAMPLES = r"""
---
- name: "Record hosts and read their facts."
  aksprov.hci.host:
    name: w1
    address: "10.0.0.21"
    os: linux
    user: root
    labels:
      site: oslo
- name: "Take it away again."
  aksprov.hci.host:
    name: w1
    state: absent
"""

RETURN = r"""
object:
  description:
    - "What is recorded after the task, under AksHci's names."
  returned: "when it is there"
  type: dict
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
plan:
  description:
    - "The plan, in check mode and with --diff."
  returned: "when there is one"
  type: dict
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
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_state

ARGUMENTS = {
    "name": {
        "type": "str",
        "required": True,
    },
    "address": {
        "type": "str",
    },
    "os": {
        "type": "str",
        "choices": [
            "linux",
            "windows",
        ],
    },
    "connection": {
        "type": "str",
        "choices": [
            "ssh",
            "psrp",
            "winrm",
            "local",
        ],
    },
    "port": {
        "type": "int",
    },
    "user": {
        "type": "str",
    },
    "auth": {
        "type": "str",
        "choices": [
            "negotiate",
            "ntlm",
            "kerberos",
            "credssp",
            "basic",
            "certificate",
        ],
    },
    "key_file": {
        "type": "str",
        "no_log": False,
    },
    "key_passphrase_ref": {
        "type": "str",
        "no_log": False,
    },
    "host_key": {
        "type": "str",
        "no_log": False,
    },
    "password_ref": {
        "type": "str",
        "no_log": False,
    },
    "become": {
        "type": "str",
        "choices": [
            "sudo",
            "none",
        ],
    },
    "become_password_ref": {
        "type": "str",
        "no_log": False,
    },
    "jump_host": {
        "type": "str",
    },
    "ca_file": {
        "type": "str",
    },
    "certificate_sha256": {
        "type": "str",
    },
    "roles": {
        "type": "list",
        "elements": "str",
    },
    "labels": {
        "type": "dict",
    },
    "interfaces": {
        "type": "dict",
    },
    "maintenance_reason": {
        "type": "str",
    },
    "maintenance_until": {
        "type": "str",
    },
    "cpus": {
        "type": "int",
    },
    "memory_gb": {
        "type": "float",
    },
    "disk_gb": {
        "type": "float",
    },
    "offline": {
        "type": "bool",
    },
    "purge": {
        "type": "bool",
    },
    "force": {
        "type": "bool",
    },
    "state": {
        "type": "str",
        "choices": [
            "present",
            "absent",
        ],
        "default": "present",
    },
}
VERBS = {
    "present": {
        "verb": "add-host",
        "options": {
            "name": "name",
            "address": "address",
            "os": "os",
            "connection": "connection",
            "port": "port",
            "user": "user",
            "auth": "auth",
            "key_file": "keyFile",
            "key_passphrase_ref": "keyPassphraseRef",
            "host_key": "hostKey",
            "password_ref": "passwordRef",
            "become": "become",
            "become_password_ref": "becomePasswordRef",
            "jump_host": "jumpHost",
            "ca_file": "caFile",
            "certificate_sha256": "certificateSha256",
            "roles": "roles",
            "labels": "labels",
            "interfaces": "interfaces",
            "maintenance_reason": "maintenanceReason",
            "maintenance_until": "maintenanceUntil",
            "cpus": "cpus",
            "memory_gb": "memoryGb",
            "disk_gb": "diskGb",
            "offline": "offline",
        },
        "confirms": False,
        "plans": False,
    },
    "absent": {
        "verb": "remove-host",
        "options": {
            "name": "name",
            "purge": "purge",
            "force": "force",
        },
        "confirms": True,
        "plans": False,
    },
    "show": {
        "verb": "get-host",
        "options": {
            "name": "name",
        },
        "confirms": False,
        "plans": False,
    },
}
CHANGES = [
    {
        "verb": "set-host",
        "by": {
            "name": "name",
        },
        "options": {
            "address": "address",
            "os": "os",
            "connection": "connection",
            "port": "port",
            "user": "user",
            "auth": "auth",
            "key_file": "keyFile",
            "key_passphrase_ref": "keyPassphraseRef",
            "host_key": "hostKey",
            "password_ref": "passwordRef",
            "become": "become",
            "become_password_ref": "becomePasswordRef",
            "jump_host": "jumpHost",
            "ca_file": "caFile",
            "certificate_sha256": "certificateSha256",
            "roles": "roles",
            "labels": "labels",
            "interfaces": "interfaces",
            "maintenance_reason": "maintenanceReason",
            "maintenance_until": "maintenanceUntil",
            "cpus": "cpus",
            "memory_gb": "memoryGb",
            "disk_gb": "diskGb",
        },
        "confirms": False,
        "plans": False,
    },
]


def main():
    run_state(ARGUMENTS, VERBS, CHANGES)


if __name__ == "__main__":
    main()
