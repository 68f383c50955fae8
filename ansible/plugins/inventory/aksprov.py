# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
"""Hosts of aksprov's recorded state as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: aksprov
short_description: Hosts that aksprov has recorded
description:
  - Reads the recorded hosts and clusters with the program aksprov, found by E(AKSPROV_CLI) or PATH.
  - No host is contacted.
  - >-
    Groups are C(os_linux) and C(os_windows), C(site_NAME) and C(rack_NAME) by label, C(cluster_NAME), and
    C(control_plane), C(load_balancer) and C(worker) by the role that a host has in a cluster.
  - Passwords are references there and become lookups here; they are read when a connection needs them.
author:
  - aksprov (@aksprov)
options:
  plugin:
    description: V(aksprov.hci.aksprov).
    required: true
    choices: [aksprov.hci.aksprov]
extends_documentation_fragment:
  - constructed
  - inventory_cache
"""

EXAMPLES = r"""
---
# aksprov.yml
plugin: aksprov.hci.aksprov
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/tmp/aksprov-inventory
cache_timeout: 60
"""

import json
import re
import shlex
import subprocess

from ansible.errors import AnsibleParserError
from ansible_collections.aksprov.hci.plugins.module_utils.program import NO_PROGRAM, VERSION, find_program

from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

try:  # from 2.19 on a template that a plugin makes says that it is one
    from ansible.template import trust_as_template

    def as_written(value):
        """No text is taken for a template that does not say so."""
        return value

except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var as as_written

    def trust_as_template(value):
        """Older releases take every text with braces for a template."""
        return value


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads what aksprov has recorded."""

    NAME = "aksprov.hci.aksprov"

    def verify_file(self, path):
        """A file named aksprov.yml, or that ends so."""
        return super().verify_file(path) and path.endswith(("aksprov.yml", "aksprov.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Fill the inventory."""
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        self.load_cache_plugin()
        key = self.get_cache_key(path)
        wanted = self.get_option("cache")
        recorded = None
        if wanted and cache:
            try:
                recorded = self._cache[key]
            except KeyError:
                recorded = None
        if recorded is None:
            recorded = {"hosts": ask("get-host"), "clusters": ask("get-cluster")}
            if wanted:
                self._cache[key] = recorded
        for host in recorded["hosts"]:
            self._add(host, recorded)

    def _add(self, host, recorded):
        name, clusters = host["Name"], recorded["clusters"]
        self.inventory.add_host(name)
        variables = dict(connection_of(host, recorded["hosts"]), aksprov=as_written(host))
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        for group in groups_of(host, clusters):
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def ask(verb):
    """What a verb shows; AnsibleParserError where it cannot."""
    program = find_program()
    if program is None:
        raise AnsibleParserError("{code}: {what}; {why}; {fix}".format(**NO_PROGRAM))
    request = json.dumps({"verb": verb, "parameters": {}, "version": VERSION}).encode()
    done = subprocess.run([program, "invoke"], input=request, capture_output=True, check=False)
    try:
        lines = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    except ValueError:
        raise AnsibleParserError("ProgramFailed: %s" % done.stderr.decode("utf-8", "replace")[-500:]) from None
    for line in lines:
        if line.get("kind") == "error":
            raise AnsibleParserError("{code}: {what}; {why}; {fix}".format(**line["error"]))
    return [line["value"] for line in lines if line.get("kind") == "object"]


def groups_of(host, clusters):
    """The groups of a host."""
    found = ["os_" + host["Os"]]
    found += ["%s_%s" % (key, safe(host["Labels"][key])) for key in ("site", "rack") if host["Labels"].get(key)]
    found += ["cluster_" + safe(name) for name in host["Clusters"]]
    for cluster in clusters:
        for node in cluster.get("Nodes") or []:
            if node["Host"].lower() == host["Name"].lower():
                found.append(safe(node["Role"]))
    return sorted(set(found))


def safe(name):
    """A name of a group."""
    return re.sub("[^A-Za-z0-9_]", "_", name)


def connection_of(host, hosts):
    """The variables by which Ansible reaches a host; ``hosts`` are all, as one may be another's jump host."""
    variables = {"ansible_host": as_written(host["Address"])}
    optional = {
        "ansible_port": host["Port"],
        "ansible_user": as_written(host["User"]),
        "ansible_password": lookup(host["PasswordRef"]),
    }
    variables.update({key: value for key, value in optional.items() if value})
    kind = host["Connection"]
    if kind == "ssh":
        if host["KeyFile"]:
            variables["ansible_ssh_private_key_file"] = as_written(host["KeyFile"])
        if host["JumpHost"]:
            variables["ansible_ssh_common_args"] = as_written(shlex.join(["-o", jump(host["JumpHost"], hosts)]))
        if host["Become"] == "sudo":
            variables["ansible_become"] = True
            if host["BecomePasswordRef"]:
                variables["ansible_become_password"] = lookup(host["BecomePasswordRef"])
    elif kind in ("psrp", "winrm"):
        variables.update(windows_of(host, kind))
    else:
        variables["ansible_connection"] = "local"
    return {key: value for key, value in variables.items() if value is not None}


def jump(name, hosts):
    """The option of ssh that goes through a jump host: one of the inventory with its own user, port and key."""
    for host in hosts:
        if host["Name"].lower() == name.lower():
            command = ["ssh", "-W", "[%h]:%p"]
            command += ["-p", str(host["Port"])] if host["Port"] else []
            command += ["-i", host["KeyFile"]] if host["KeyFile"] else []
            command += ["-o", jump(host["JumpHost"], hosts).replace("%", "%%")] if host["JumpHost"] else []
            user = host["User"] + "@" if host["User"] else ""
            return "ProxyCommand=" + shlex.join([*command, user + host["Address"]])
    return "ProxyJump=" + name


def windows_of(host, kind):
    """The variables of WinRM."""
    port = host["Port"] or 5986
    scheme = "http" if port == 5985 else "https"
    auth = host["Auth"] or "negotiate"
    variables = {
        "ansible_connection": "ansible.builtin." + kind,
        "ansible_port": port,
        "ansible_shell_type": "powershell",
    }
    if kind == "psrp":
        variables.update(ansible_psrp_protocol=scheme, ansible_psrp_auth=auth, ansible_psrp_ignore_proxy=True)
        if host["CaFile"]:
            variables["ansible_psrp_ca_cert"] = as_written(host["CaFile"])
        if auth == "certificate" and host["KeyFile"]:
            variables.update(dict.fromkeys(certificate("psrp_certificate_%s"), as_written(host["KeyFile"])))
    else:
        variables.update(ansible_winrm_scheme=scheme, ansible_winrm_transport="ntlm" if auth == "negotiate" else auth)
        if host["CaFile"]:
            variables["ansible_winrm_ca_trust_path"] = as_written(host["CaFile"])
        if auth == "certificate" and host["KeyFile"]:
            variables.update(dict.fromkeys(certificate("winrm_cert_%s"), as_written(host["KeyFile"])))
    return variables


def certificate(form):
    """The variables of a client's certificate and of its key, which are in one file."""
    return ["ansible_" + form % word for word in ("pem", "key_pem")]


def lookup(reference):
    """A reference to a secret as Ansible's own; None for one that has to be asked for."""
    kind, _colon, place = (reference or "").partition(":")
    if "'" in place or "\\" in place:
        return None
    if kind == "env":
        return trust_as_template("{{ lookup('ansible.builtin.env', '%s') }}" % place)
    if kind == "file":
        return trust_as_template("{{ lookup('ansible.builtin.file', '%s') }}" % place)
    return None
