"""The Ansible collection's modules, made from the declarations.

A noun that can be made and shown has two modules: NOUN, with the states present and absent, and NOUN_info.
``module_utils/program.py`` of the collection, written by hand, is what they do.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any, Final

import msgspec

from aksprov import __version__
from aksprov.cmdlets.catalog import VERBS, find_verb
from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, Property, Verb

_NOTICE: Final = "made from aksprov/cmdlets by `make generate`"
# The releases of ansible-core that meta/runtime.yml allows.
_CORES: Final = ("2.17", "2.18", "2.19", "2.20", "2.21")
_FOLDER: Final = "ansible/plugins/modules"
# What a task says otherwise: check mode, its own confirmation, its own values.
_NOT_HERE: Final = {"whatIf", "yes", "planFile", "file", "fromJson", "fromAnsible"}
_TYPES: Final = {
    "text": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "switch": "bool",
    "texts": "list",
    "pairs": "dict",
    "object": "raw",
}
_RETURNS: Final = {
    "text": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "texts": "list",
    "object": "dict",
    "objects": "list",
}
# Ansible asks of every option whose name sounds like it whether it is secret.
_SOUNDS_SECRET: Final = re.compile("pass|secret|token|key|credential", re.IGNORECASE)
_SECRETS: Final = {"appSecret"}
# The noun of a module where it is not the verb's.
_INFO_NAMES: Final = {"cluster-network": "network"}
_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "cluster_network": {
        "name": "mynet",
        "vswitch_name": "External",
        "ip_address_prefix": "10.0.0.0/24",
        "gateway": "10.0.0.1",
        "dns_servers": ["10.0.0.2"],
        "vip_pool_start": "10.0.0.200",
        "vip_pool_end": "10.0.0.220",
        "k8s_node_ip_pool_start": "10.0.0.10",
        "k8s_node_ip_pool_end": "10.0.0.100",
    },
    "cluster": {
        "name": "mycluster",
        "vnet": "mynet",
        "primary_network_plugin": "calico",
        "node_pool_name": "linuxpool",
        "node_count": 3,
        "configure_only": True,
    },
    "host": {"name": "w1", "address": "10.0.0.21", "os": "linux", "user": "root", "labels": {"site": "oslo"}},
}


def files() -> dict[str, str]:
    """Path in the tree -> text."""
    made = {"ansible/galaxy.yml": _galaxy()}
    modules: list[str] = []
    for noun in nouns():
        name = noun.replace("-", "_")
        info = f"{_INFO_NAMES.get(noun, noun).replace('-', '_')}_info"
        made[f"{_FOLDER}/{name}.py"] = _module(name, noun)
        made[f"{_FOLDER}/{info}.py"] = _info_module(info, noun)
        modules += [name, info]
    made |= {f"ansible/tests/sanity/ignore-{core}.txt": _ignored(modules) for core in _CORES}
    return made


def _ignored(modules: list[str]) -> str:
    """What ansible-test would have otherwise: it knows the licence of Ansible's own modules alone."""
    names = sorted((*modules, "apply_bundle"))  # that one is written by hand
    plugins = ["plugins/inventory/aksprov.py", *(f"plugins/modules/{name}.py" for name in names)]
    return "".join(f"{plugin} validate-modules:missing-gplv3-license\n" for plugin in plugins)


def nouns() -> list[str]:
    """What can be made and shown."""
    shown = {v.name.removeprefix("get-") for v in VERBS if v.name.startswith("get-")}
    return [noun for verb in VERBS if (noun := re.sub("^(new|add)-", "", verb.name)) != verb.name and noun in shown]


def option(parameter: Parameter) -> str:
    """The name of a parameter as an option of a task."""
    return parameter.option.removeprefix("--").replace("-", "_") if not parameter.positional else parameter.name


def _verbs(noun: str) -> dict[str, Verb]:
    """What a state or a change is done with.

    A set- verb that takes what defines the object changes one that is there; one that does not comes after it.
    """
    names = {"present": (f"new-{noun}", f"add-{noun}"), "changed": (f"set-{noun}",), "absent": (f"remove-{noun}",)}
    found = {state: next(filter(None, map(find_verb, words)), None) for state, words in names.items()}
    made, changes = found["present"], found["changed"]
    defining = {p.name for p in made.parameters if "*" in p.mandatory_in} - _NOT_HERE if made else set()
    if changes and not defining <= {p.name for p in changes.parameters}:
        found["afterwards"] = found.pop("changed")
    return {state: verb for state, verb in found.items() if verb is not None}


def _identifying(noun: str) -> set[str]:
    """Options by which an object of that noun is shown."""
    verb = find_verb(f"get-{noun}")
    return {option(p) for p in verb.parameters if p.kind == "text"} if verb else set()


def _module(name: str, noun: str) -> str:
    verbs = _verbs(noun)
    options: dict[str, Parameter] = {}
    takes: dict[str, list[str]] = {}
    for state, verb in verbs.items():
        mine = {option(p): p for p in request_parameters(verb) if p.name not in _NOT_HERE}
        if state in ("changed", "afterwards"):
            mine = {key: p for key, p in mine.items() if not p.unavailable}
        takes[state] = sorted(mine)
        options |= {key: p for key, p in mine.items() if key not in options}
    takes["show"] = sorted(_identifying(noun) & set(takes.get("absent", ["name"])))
    documented = {key: _documented(p, required=key == "name") for key, p in options.items()}
    arguments = {key: _argument(p, required=key == "name") for key, p in options.items()}
    states = [state for state in ("present", "absent") if state in verbs]
    about: dict[str, Any] = {
        "description": ["Whether it is to be there."],
        "type": "str",
        "choices": states,
        "default": "present",
    }
    documented["state"] = about
    arguments["state"] = {"type": "str", "choices": states, "default": "present"}
    made = verbs["present"]
    values = _EXAMPLES.get(name, {"name": "NAME"})
    example: dict[str, Any] = {"name": made.synopsis, f"aksprov.hci.{name}": values}
    removal: dict[str, Any] = {
        "name": "Take it away again.",
        f"aksprov.hci.{name}": {"name": values["name"], "state": "absent"},
    }
    return _text(
        name,
        description=f"Does what C(aksprov {made.name}) does, and with I(state=absent) what removes it.",
        synopsis=made.synopsis,
        documented=documented,
        examples=[example, removal],
        returns=_state_returns(made),
        call="run_state",
        constants={
            "ARGUMENTS": arguments,
            "NAMES": {key: p.name for key, p in options.items()},
            "TAKES": takes,
            "VERBS": {state: verb.name for state, verb in verbs.items()} | {"show": f"get-{noun}"},
            "CONFIRMS": sorted(state for state, verb in verbs.items() if verb.confirms and state != "present"),
            "PLANS": sorted(
                state for state, verb in verbs.items() if any(p.name == "whatIf" for p in request_parameters(verb))
            ),
        },
        check_mode="full",
    )


def _info_module(name: str, noun: str) -> str:
    verb = find_verb(f"get-{noun}")
    if verb is None:
        raise ValueError(f"nothing shows {noun}")
    options = {option(p): p for p in verb.parameters if p.kind in ("text", "switch") and not p.unavailable}
    returns = {
        "objects": {
            "description": ["What is recorded, under AksHci's names."],
            "returned": "always",
            "type": "list",
            "elements": "dict",
            "contains": {p.name: _returned(p) for p in verb.outputs},
        }
    }
    return _text(
        name,
        description=f"Does what C(aksprov {verb.name}) does.",
        synopsis=verb.synopsis,
        documented={key: _documented(p, required=False) for key, p in options.items()},
        examples=[{"name": verb.synopsis, f"aksprov.hci.{name}": {}, "register": "found"}],
        returns=returns,
        call="run_info",
        constants={
            "ARGUMENTS": {key: _argument(p, required=False) for key, p in options.items()},
            "NAMES": {key: p.name for key, p in options.items()},
            "VERB": verb.name,
        },
        check_mode="full",
    )


def _argument(parameter: Parameter, *, required: bool) -> dict[str, Any]:
    argument: dict[str, Any] = {"type": _TYPES[parameter.kind]}
    if parameter.kind == "texts":
        argument["elements"] = "str"
    if parameter.allowed and parameter.kind == "text":
        argument["choices"] = list(parameter.allowed)
    if required:
        argument["required"] = True
    if _SOUNDS_SECRET.search(parameter.name):
        argument["no_log"] = parameter.name in _SECRETS
    return argument


def _documented(parameter: Parameter, *, required: bool) -> dict[str, Any]:
    text = [parameter.help]
    if parameter.default is not None:
        text.append(f"When it is left out, aksprov takes V({parameter.default}).")
    if parameter.unavailable:
        text.append(f"Not available: {parameter.unavailable}.")
    documented = _argument(parameter, required=required)
    documented.pop("no_log", None)
    return {"description": text, **documented}


def _state_returns(verb: Verb) -> dict[str, Any]:
    return {
        "object": {
            "description": ["What is recorded after the task, under AksHci's names."],
            "returned": "when it is there",
            "type": "dict",
            "contains": {p.name: _returned(p) for p in verb.outputs},
        },
        "plan": {
            "description": ["The plan, in check mode and with --diff."],
            "returned": "when there is one",
            "type": "dict",
        },
        "rows": {
            "description": ["Checks that did not pass: TestName, TestResult, Details, Recommendation, Host, Cluster."],
            "returned": "always",
            "type": "list",
            "elements": "dict",
        },
        "error": {
            "description": ["On failure: code, what, where, why, fix and exitCode, as aksprov itself says them."],
            "returned": "failure",
            "type": "dict",
        },
    }


def _returned(made: Property) -> dict[str, Any]:
    kind = _RETURNS[made.kind]
    about: dict[str, Any] = {"description": [made.help or made.name], "returned": "always", "type": kind}
    if kind == "list":
        about["elements"] = "str" if made.kind == "texts" else "dict"
    return about


def _text(
    name: str,
    *,
    description: str,
    synopsis: str,
    documented: dict[str, Any],
    examples: list[dict[str, Any]],
    returns: dict[str, Any],
    call: str,
    constants: dict[str, Any],
    check_mode: str,
) -> str:
    document = {
        "module": name,
        "short_description": synopsis.rstrip("."),
        "description": [description, "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."],
        "author": ["aksprov (@aksprov)"],
        "options": documented,
        "attributes": {
            "check_mode": {"support": check_mode, "description": "Nothing is changed, recorded or leased."},
            "diff_mode": {"support": check_mode, "description": "Files of hosts, or the recorded object."},
        },
    }
    body = "".join(f"{key} = {_literal(value)}\n" for key, value in constants.items())
    return (
        "#!/usr/bin/python\n"
        f"# {_NOTICE}\n"
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


_WORDS: Final = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


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


def _galaxy() -> str:
    return (
        f"# {_NOTICE}\n---\nnamespace: aksprov\nname: hci\nversion: {__version__}\nreadme: README.md\n"
        "authors:\n  - the authors of aksprov\n"
        "description: AksHci's verbs for Kubernetes on your own hosts, as tasks\n"
        "license_file: LICENSE\ntags:\n  - kubernetes\n  - infrastructure\n  - windows\n"
        "dependencies: {}\nbuild_ignore:\n  - .ansible\n"
    )
