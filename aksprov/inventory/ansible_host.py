"""One host of Ansible's inventory: its variables as an entry of a hosts file.

Which variable means what is as Ansible's connection plugins document it (ansible-core 2.17 to 2.21); where several are
given, the last of the plugin's list counts.  Passwords, values of a vault and templates are never taken: each is
withheld.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aksprov.inventory import fields
from aksprov.inventory.ansible_ssh import jump_of
from aksprov.inventory.problems import Problems
from aksprov.inventory.tree import Mapping as Entry
from aksprov.inventory.tree import Scalar
from aksprov.model.base import Value

_CONNECTIONS: Final = {"smart": "ssh", "paramiko": "ssh", "paramiko_ssh": "ssh"}
_ADDRESS: Final = {
    "ssh": ("ansible_host", "ansible_ssh_host"),
    "psrp": ("ansible_host", "ansible_psrp_host"),
    "winrm": ("ansible_host", "ansible_winrm_host"),
    "local": ("ansible_host",),
}
_TAKEN: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "ssh": {
        "port": ("ansible_port", "ansible_ssh_port"),
        "user": ("ansible_user", "ansible_ssh_user"),
        "key_file": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
    },
    "psrp": {
        "user": ("ansible_user", "ansible_psrp_user"),
        "ca_file": ("ansible_psrp_cert_trust_path", "ansible_psrp_ca_cert"),
    },
    "winrm": {
        "user": ("ansible_user", "ansible_winrm_user"),
        "ca_file": ("ansible_winrm_ca_trust_path",),
    },
    "local": {},
}
_SECRETS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "ssh": {
        "password_ref": ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
        "key_file": ("ansible_private_key", "ansible_ssh_private_key"),
        "key_passphrase_ref": ("ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase"),
    },
    "psrp": {"password_ref": ("ansible_password", "ansible_winrm_pass", "ansible_winrm_password")},
    "winrm": {"password_ref": ("ansible_password", "ansible_winrm_pass", "ansible_winrm_password")},
    "local": {},
}
_BECOME_PASSWORDS: Final = ("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
_WINRM_AUTH: Final = {"ssl": "basic", "plaintext": "basic"}  # names that pywinrm had first
_TRUE: Final = {"y", "yes", "on", "1", "true", "t", "1.0"}  # ansible.module_utils.parsing.convert_bool
_FALSE: Final = {"n", "no", "off", "0", "false", "f", "0.0", ""}
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\{#")
# The lookups by which a template can do nothing but read what a reference reads, too.
_LOOKUP: Final = re.compile(
    r"\{\{\s*lookup\(\s*(['\"])(?:ansible\.builtin\.)?(env|file)\1\s*,\s*(['\"])([\w./~-]+)\3\s*\)\s*\}\}"
)
# How set-host is told what was withheld.
_OPTIONS: Final = {
    "port": "--port PORT",
    "user": "--user USER",
    "auth": "--auth HOW",
    "key_file": "--key-file FILE",
    "key_passphrase_ref": "--key-passphrase-ref env:NAME",
    "password_ref": "--password-ref env:NAME",
    "become": "--become sudo",
    "become_password_ref": "--become-password-ref env:NAME",
    "jump_host": "--jump-host HOST",
    "ca_file": "--ca-file FILE",
    "certificate_sha256": "--certificate-sha256 FINGERPRINT",
    "labels.site": "--labels site=SITE",
    "labels.rack": "--labels rack=RACK",
}


class Withheld(Value, frozen=True, kw_only=True):
    """A value of the inventory that is not recorded.

    Args:
        host: the entry's name.
        path: the key of the entry that lacks it.
        variable: where Ansible has it.
        why: what it is, to be read after the variable; never the value.
        option: how set-host is told instead.
    """

    host: str
    path: str
    variable: str
    why: str
    option: str


class _HiddenError(Exception):
    """The value may not be taken; the text says why, the reference is one that reads the same."""

    def __init__(self, why: str, reference: str = "") -> None:
        super().__init__(why)
        self.reference = reference


def _text(raw: object) -> str | None:
    """A value as text, None for nothing.

    Raises:
        _HiddenError: it is a vault's or a template.
        ValueError: it is no text.
    """
    if isinstance(raw, dict) and "__ansible_unsafe" in raw:
        return _text(raw["__ansible_unsafe"])
    if (isinstance(raw, dict) and "__ansible_vault" in raw) or str(raw).startswith("$ANSIBLE_VAULT;"):
        raise _HiddenError("is in a vault")
    if isinstance(raw, str) and _TEMPLATE.search(raw):
        simple = _LOOKUP.fullmatch(raw.strip())
        raise _HiddenError("is a template", f"{simple[2]}:{simple[4]}" if simple else "")
    if isinstance(raw, bool):
        return str(raw).lower()
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, int | float):
        return str(raw)
    raise ValueError("takes one value, not a list and no keys")


class HostReader:
    """Turns one host's variables into an entry.

    Args:
        name: the entry's.
        listed: the host's name in Ansible.
        given: its variables.
        sealed: those that come from encrypted files.
        problems: gets what is wrong with this host.
    """

    def __init__(
        self, name: str, listed: str, given: Mapping[str, Any], sealed: frozenset[str], problems: Problems
    ) -> None:
        self.name, self.listed, self.problems = name, listed, problems
        self._given, self._sealed = given, sealed
        self.texts: dict[str, str] = {"name": name}
        self.labels: dict[str, str] = {}
        self.withheld: list[Withheld] = []

    def read(self, groups: Iterable[str]) -> None:
        """Take what is there."""
        kind = self._connection()
        self.texts["connection"] = kind
        windows = kind in ("psrp", "winrm") or self._needed("os", "ansible_shell_type") in ("powershell", "cmd")
        self.texts["os"] = "windows" if windows else "linux"
        self.texts["address"] = self._needed("address", *_ADDRESS.get(kind, ())) or self.listed
        for path, variables in _TAKEN.get(kind, {}).items():
            self._take(path, *variables)
        for path, variables in _SECRETS.get(kind, {}).items():
            self._withhold_secret(path, *variables)
        if kind == "ssh":
            self._jump()
        elif windows:
            self._listener(kind)
            self._login(kind)
            self._certificate(kind)
        if not windows:
            self._become()
        for label in ("site", "rack"):
            self._label(label, groups)

    def entry(self) -> Entry:
        """What was taken, as the tree that an entry of a file would be."""
        labels = Entry(tuple((Scalar(key, None), Scalar(text, None)) for key, text in self.labels.items()), None)
        texts = tuple((Scalar(path, None), Scalar(text, None)) for path, text in self.texts.items())
        return Entry((*texts, (Scalar("labels", None), labels)), None)

    def _connection(self) -> str:
        kind = (self._needed("connection", "ansible_connection") or "ssh").rpartition(".")[2]
        return _CONNECTIONS.get(kind, kind)

    def _last(self, variables: Iterable[str]) -> str:
        """The variable that counts, "" where none is given."""
        given = [variable for variable in variables if self._given.get(variable) is not None]
        return given[-1] if given else ""

    def _value(self, variable: str) -> str | None:
        if variable in self._sealed:
            raise _HiddenError("is in an encrypted file")
        return _text(self._given.get(variable))

    def _needed(self, path: str, *variables: str) -> str | None:
        """A value without which there is no host."""
        variable = self._last(variables)
        try:
            return self._value(variable)
        except _HiddenError as hidden:
            why = f"{variable} {hidden}, and nothing of a vault or a template is recorded: write the value itself"
            self.problems.add(None, path, why)
        except ValueError as error:
            self.problems.add(None, path, f"{variable} {error}")
        return None

    def _optional(self, path: str, *variables: str) -> str | None:
        """A value that set-host can give later; one that is no text is a problem."""
        variable = self._last(variables)
        try:
            return self._value(variable)
        except _HiddenError as hidden:
            self._withhold(path, variable, str(hidden))
        except ValueError as error:
            self.problems.add(None, path, f"{variable} {error}")
        return None

    def _take(self, path: str, *variables: str) -> None:
        text = self._optional(path, *variables)
        if text:
            self.texts[path] = text

    def _withhold(self, path: str, variable: str, why: str, option: str = "") -> None:
        option = option or _OPTIONS[path]
        self.withheld.append(Withheld(host=self.name, path=path, variable=variable, why=why, option=option))

    def _withhold_secret(self, path: str, *variables: str, first: str = "") -> None:
        variable = self._last(variables)
        if not variable:
            return
        why, option = "is a secret", _OPTIONS[path]
        try:
            self._value(variable)
        except _HiddenError as hidden:
            why = str(hidden)
            if hidden.reference and path.endswith("_ref"):
                option = f"{option.partition(' ')[0]} {hidden.reference}"
        except ValueError:
            pass  # whatever it is, it is not taken
        self._withhold(path, variable, why, first + option)

    def _jump(self) -> None:
        variables = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
        given = [text for variable in variables if (text := self._optional("jump_host", variable))]
        try:
            jump = jump_of(" ".join(given))
        except ValueError as error:
            self._withhold("jump_host", " ".join(filter(self._given.get, variables)), str(error))
            return
        if jump:
            self.texts["jump_host"] = jump

    def _listener(self, kind: str) -> None:
        """The port: WinRM's of HTTP is the one on which HTTP is spoken."""
        ports = ("ansible_port", f"ansible_{kind}_port")
        self._take("port", *ports)
        variable = "ansible_psrp_protocol" if kind == "psrp" else "ansible_winrm_scheme"
        scheme = self._optional("port", variable)
        if scheme == "http" and not self._last(ports):
            self.texts.setdefault("port", "5985")
        port = self.texts.get("port", "" if self._last(ports) else "5986")
        if scheme and port and (scheme == "http") != (port == "5985"):
            self.problems.add(None, "port", f"{variable} is {scheme}, and HTTP is spoken on port 5985 alone")

    def _login(self, kind: str) -> None:
        variable = "ansible_psrp_auth" if kind == "psrp" else "ansible_winrm_transport"
        ways = self._given.get(variable)
        if isinstance(ways, list) and ways and variable not in self._sealed:  # in the order of Ansible's tries
            self._given = {**self._given, variable: ways[0]}
        auth = (self._optional("auth", variable) or "").partition(",")[0].strip()
        if auth:
            self.texts["auth"] = auth if kind == "psrp" else _WINRM_AUTH.get(auth, auth)
        if auth == "certificate":
            pair = ("certificate_pem", "certificate_key_pem") if kind == "psrp" else ("cert_pem", "cert_key_pem")
            files = {self._needed("key_file", f"ansible_{kind}_{one}") for one in pair}
            if len(files) == 1 and None not in files:
                self.texts["key_file"] = str(*files)

    def _certificate(self, kind: str) -> None:
        variable = "ansible_psrp_cert_validation" if kind == "psrp" else "ansible_winrm_server_cert_validation"
        if self._optional("certificate_sha256", variable) == "ignore" and self.texts.get("port") != "5985":
            self._withhold("certificate_sha256", variable, "is ignore, and aksprov checks every certificate")

    def _become(self) -> None:
        wanted = (self._optional("become", "ansible_become") or "").lower()
        if wanted not in _TRUE | _FALSE:
            self.problems.add(None, "become", "ansible_become is neither true nor false")
        if wanted in _TRUE:
            self.texts["become"] = "sudo"
            for variable, ours in (("ansible_become_method", "sudo"), ("ansible_become_user", "root")):
                other = self._optional("become", variable)
                if other and other.rpartition(".")[2] != ours and self.texts.pop("become", None):
                    self._withhold("become", variable, f"is not {ours}, and aksprov becomes root by sudo")
        said = "become" in self.texts or any(value.path == "become" for value in self.withheld)
        asked = "" if said else f"{_OPTIONS['become']} "  # a playbook says it, no variable
        self._withhold_secret("become_password_ref", *_BECOME_PASSWORDS, first=asked)

    def _label(self, label: str, groups: Iterable[str]) -> None:
        """By the variable of that name, else by the one group that is named after the label."""
        path = f"labels.{label}"
        raw = self._given.get(label)
        named = sorted({group[len(label) + 1 :] for group in groups if re.match(f"{label}[_-].", group)})
        if raw is None and len(named) == 1:
            raw = named[0]
        elif raw is None and named:
            self._withhold(path, f"{label}_*", "are several groups", _OPTIONS[path])
        try:
            text = self._value(label) if label in self._sealed else _text(raw)
            if text:
                self.labels[label] = str(fields.label_value(text))
        except _HiddenError as hidden:
            self._withhold(path, label, str(hidden))
        except ValueError:  # a variable of that name may mean anything
            self._withhold(path, label, "cannot be a label's value")
