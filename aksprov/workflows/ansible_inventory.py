"""Ansible's own programs, asked what is in an inventory."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aksprov.errors import DefinitionError, NotAvailableError
from aksprov.inventory.ansible import Inventory, Sealed, read_inventory

# A source that Ansible cannot read is an error; its answer is nothing but the answer.
_SETTINGS: Final = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_VERBOSITY": "0",
    "ANSIBLE_DEBUG": "false",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_FORCE_COLOR": "false",
}
_ENCRYPTED: Final = b"$ANSIBLE_VAULT;"
_VARIABLE: Final = re.compile(r"([A-Za-z_]\w*)[\"']?\s*:")
_SUFFIXES: Final = ("", ".yml", ".yaml", ".json")  # Ansible's YAML_FILENAME_EXTENSIONS, and none
_SHOWN: Final = 4  # messages of Ansible

_MESSAGE: Final = re.compile(r"^(?=\[(?:ERROR|WARNING|DEPRECATION WARNING)\]:|ERROR!)", re.MULTILINE)
_PLACE: Final = re.compile(r"(?:Origin: |appears to be in ')(/[^':\n]+)(?:'?: line |:)(\d+)(?:, column |:)(\d+)")
# From here on a message repeats what is in the inventory, or what a script of it said.
_REPEATS: Final = re.compile(
    r"<<< caused by|Origin:|Standard error|had an execution error|The offending line|\bgot:|Syntax Error|^\d+ ",
    re.DOTALL,
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_PLUGINS: Final = ("auto", "yaml", "toml", "script", "host_list", "constructed")
_SECRET: Final = re.compile(r"(?i)(\w*(?:pass|secret|token)\w*[\"']?\s*[:=]\s*)\S+")


def read_ansible(inventory: str) -> Inventory:
    """The hosts of an inventory of Ansible's, of any kind that it reads.

    Args:
        inventory: what ``ansible-inventory -i`` takes: a file, a folder, or hosts with commas.

    Raises:
        NotAvailableError: AnsibleMissing.
        DefinitionError: AnsibleInventoryFailed, AnsibleInventoryInvalid.
    """
    program = shutil.which("ansible-inventory")
    if program is None:
        raise NotAvailableError(
            "AnsibleMissing",
            "Ansible is not there to read its inventory",
            where=inventory,
            why="no program ansible-inventory is on PATH",
            fix="install ansible-core (pipx install ansible-core, or the system's package), or put its folder on PATH",
        )
    listed = _said([program, f"--inventory={inventory}", "--list"], inventory)
    sealed = _sealed(Path(inventory).expanduser(), inventory)
    return read_inventory(listed, str(Path.cwd()), inventory, sealed)


def _said(argv: list[str], inventory: str) -> bytes:
    """What a program of Ansible's prints; it may ask for a vault's password on the terminal, if it is set up so."""
    done = subprocess.run(
        argv, env={**os.environ, **_SETTINGS}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise DefinitionError(
            "AnsibleInventoryFailed",
            f"Ansible cannot read {inventory}; nothing was recorded",
            where=inventory,
            why=shown(done.stderr.decode("utf-8", "replace")) or f"{Path(argv[0]).name} ended with {done.returncode}",
            fix=f"'ansible-inventory -i {inventory} --list' must work here and says more",
        )
    return done.stdout


def shown(stderr: str) -> str:
    """The last messages of Ansible, a line each, without what they repeat of the inventory: it may be a password."""
    lines = []
    for message in _MESSAGE.split(stderr):
        text = " ".join(message[: found.start() if (found := _REPEATS.search(message)) else None].split())
        text = _SECRET.sub(r"\1...", _QUOTED.sub(_unquoted, text)).rstrip(" :,")
        places = dict.fromkeys(
            f"{at[1]}, line {at[2]}, column {at[3]}" for at in _PLACE.finditer(" ".join(message.split()))
        )
        if text and _MESSAGE.match(message):
            lines.append(text + "".join(f" ({place})" for place in places))
    return "\n".join(list(dict.fromkeys(lines))[-_SHOWN:])


def _unquoted(quoted: re.Match[str]) -> str:
    """Only a plugin's name and a sign or two are said again."""
    return quoted[0] if len(quoted[0]) <= 5 or quoted[0][1:-1] in _PLUGINS else "'...'"


def _sealed(path: Path, inventory: str) -> Sealed:
    """The variables that encrypted files beside an inventory define; Ansible prints them as if they were plain."""
    if not path.exists():
        return {}  # hosts with commas, or what Ansible will say
    folder = path if path.is_dir() else path.parent
    for source in folder.iterdir() if path.is_dir() else (path,):
        if source.is_file() and _is_encrypted(source):
            raise DefinitionError(
                "AnsibleInventoryInvalid",
                f"{inventory} is encrypted; nothing was recorded",
                where=str(source),
                why="nothing of a vault is recorded, and here every address is in one",
                fix="keep what is secret in files of group_vars and host_vars, and encrypt these",
            )
    found: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    for place, file in _encrypted_files(folder):
        found[place] |= frozenset(_VARIABLE.findall(_decrypted(file, inventory)))
    return found


def _encrypted_files(folder: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    """("group_vars" or "host_vars", whose) and each encrypted file that Ansible reads there."""
    for kind in ("group_vars", "host_vars"):
        top = folder / kind
        for parent, _, names in os.walk(top, followlinks=True):
            for file in (Path(parent, name) for name in names):
                above = file.relative_to(top).parts[:-1]
                whose = above[0] if above else file.stem if file.suffix in _SUFFIXES else file.name
                if (not above or file.suffix in _SUFFIXES) and _is_encrypted(file):
                    yield (kind, whose), file


def _is_encrypted(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_ENCRYPTED)) == _ENCRYPTED
    except OSError:
        return False  # Ansible says what it needs


def _decrypted(file: Path, inventory: str) -> str:
    program = shutil.which("ansible-vault") or "ansible-vault"
    return _said([program, "decrypt", "--output", "-", str(file)], inventory).decode("utf-8", "replace")
