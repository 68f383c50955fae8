"""The text of a module of the Ansible collection: its three documents, and the call that it consists of."""

from __future__ import annotations

import re
import textwrap
from typing import Any, Final

import msgspec

NOTICE: Final = "made from aksprov/cmdlets by `make generate`"
_MODES: Final = {
    "full": ("Nothing is changed, recorded or leased.", "Files of hosts, or the recorded object."),
    "none": ("The task is skipped.", "There is nothing to compare."),
}
_WORDS: Final = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def module_text(
    name: str,
    *,
    description: str,
    synopsis: str,
    documented: dict[str, Any],
    examples: list[dict[str, Any]],
    returns: dict[str, Any],
    call: str,
    constants: dict[str, Any],
    check_mode: str = "full",
    diff_mode: str = "full",
) -> str:
    """A module's file.

    Args:
        description: what it does; ``synopsis`` is the same in a line.
        documented: options, as DOCUMENTATION has them.
        returns: as RETURN has them.
        call: the function of module_utils/program.py that does it, with the values of ``constants``.
        check_mode, diff_mode: "full" or "none".
    """
    document = {
        "module": name,
        "short_description": synopsis.rstrip("."),
        "description": [description, "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."],
        "author": ["aksprov (@aksprov)"],
        "options": documented,
        "attributes": {
            "check_mode": {"support": check_mode, "description": _MODES[check_mode][0]},
            "diff_mode": {"support": diff_mode, "description": _MODES[diff_mode][1]},
        },
    }
    body = "".join(f"{key} = {_literal(value)}\n" for key, value in constants.items())
    return (
        "#!/usr/bin/python\n"
        f"# {NOTICE}\n"
        "# MIT License (see LICENSE in this collection)\n"
        "# SPDX-License-Identifier: MIT\n"
        "from __future__ import annotations\n\n"
        f'DOCUMENTATION = r"""\n{_yaml(document)}"""\n\n'
        f'EXAMPLES = r"""\n{_yaml(examples)}"""\n\n'
        f'RETURN = r"""\n{_yaml(returns)}"""\n\n'
        f"from ansible_collections.aksprov.hci.plugins.module_utils.program import {call}\n\n"
        f"{body}\n\n"
        f"def main():\n    {call}({', '.join(constants)})\n\n\n"
        'if __name__ == "__main__":\n    main()\n'
    )


def _yaml(value: Any) -> str:
    """YAML whose texts are JSON's, so that nothing in them can be taken for anything else."""
    lines: list[str] = ["---"] if isinstance(value, list) else []

    def write(item: Any, indent: int) -> None:
        pad = " " * indent
        if isinstance(item, dict):
            for key, inner in item.items():
                if isinstance(inner, dict | list) and inner:
                    lines.append(f"{pad}{key}:")
                    write(inner, indent + 2)
                else:
                    lines.extend(_entry(f"{pad}{key}: ", inner))
            return
        for inner in item:
            if isinstance(inner, dict):
                start = len(lines)
                write(inner, indent + 2)
                lines[start] = f"{pad}- {lines[start][indent + 2 :]}"
            else:
                lines.extend(_entry(f"{pad}- ", inner))

    write(value, 0)
    return "\n".join(lines) + "\n"


def _entry(start: str, value: Any) -> list[str]:
    """One value after its key or dash; long texts are folded, as ansible-test takes no line above 160."""
    if isinstance(value, str) and len(start) + len(value) > 120:
        indent = " " * (len(start) - len(start.lstrip()) + 2)
        return [f"{start}>-", *textwrap.wrap(value, 110, initial_indent=indent, subsequent_indent=indent)]
    return [start + _scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", value) and value.lower() not in _WORDS:
        return value
    return msgspec.json.encode(value).decode()


def _literal(value: Any, indent: int = 0) -> str:
    """Python, one entry a line."""
    pad = " " * (indent + 4)
    if isinstance(value, dict) and value:
        inside = "".join(f"{pad}{_literal(key)}: {_literal(inner, indent + 4)},\n" for key, inner in value.items())
        return "{\n" + inside + " " * indent + "}"
    if isinstance(value, list) and value:
        inside = "".join(f"{pad}{_literal(inner, indent + 4)},\n" for inner in value)
        return "[\n" + inside + " " * indent + "]"
    return msgspec.json.encode(value).decode() if isinstance(value, str) else repr(value)
