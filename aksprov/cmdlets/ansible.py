"""The Ansible collection's modules, made from the declarations.

A noun that can be made and shown has a module NOUN with the states present and absent; whatever can be shown has
NOUN_info; verbs that check or switch something, and the one that fetches a credential, have a module of their name.
``module_utils/program.py`` of the collection, written by hand, is what they do.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aksprov import __version__
from aksprov.cmdlets.ansible_text import NOTICE, module_text
from aksprov.cmdlets.catalog import VERBS, find_verb
from aksprov.cmdlets.common import request_parameters
from aksprov.cmdlets.declaration import Parameter, Property, Verb

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
# What has a module by itself: a check, a switch, a file that is written.
_ALONE: Final = re.compile("test-|enable-|disable-|get-credential$")
# A noun's changes by verbs of another noun: its parameters are these of the noun's.
_ALSO_CHANGED: Final = {
    "cluster": {"set-node-pool": {"clusterName": "name", "name": "nodePoolName", "count": "nodeCount"}}
}
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
    "node_pool": {"cluster_name": "mycluster", "name": "gpu", "count": 2, "taints": ["sku=gpu:NoSchedule"]},
    "test_cluster": {"name": "mycluster"},
    "get_credential": {"name": "mycluster", "config_path": "mycluster.kubeconfig"},
    "enable_offline_download": {"staging_share": "/srv/bundle", "offsite_transfer_completed": True},
}


def files() -> dict[str, str]:
    """Path in the tree -> text."""
    modules = {noun.replace("-", "_"): _module(noun.replace("-", "_"), noun) for noun in nouns()}
    for verb in VERBS:
        name = verb.name.replace("-", "_")
        if _ALONE.match(verb.name):
            modules[name] = _verb_module(name, verb)
        elif name.startswith("get_"):
            noun = verb.name.removeprefix("get-")
            info = f"{_INFO_NAMES.get(noun, noun).replace('-', '_')}_info"
            modules[info] = _info_module(info, verb)
    made = {"ansible/galaxy.yml": _galaxy()}
    made |= {f"{_FOLDER}/{name}.py": text for name, text in modules.items()}
    made |= {f"ansible/tests/sanity/ignore-{core}.txt": _ignored(list(modules)) for core in _CORES}
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


def _verbs(noun: str) -> tuple[dict[str, Verb], list[tuple[Verb, dict[str, str]]]]:
    """What a state is brought about with, and what changes something that is there.

    A set- verb that takes what defines the object changes one that is there; one that does not comes after it.

    Returns:
        present, afterwards, absent and show; each change with its parameters' names among those of present.
    """
    names = {"present": (f"new-{noun}", f"add-{noun}"), "absent": (f"remove-{noun}",), "show": (f"get-{noun}",)}
    words = {state: next(filter(None, map(find_verb, some)), None) for state, some in names.items()}
    found = {state: verb for state, verb in words.items() if verb is not None}
    changes: list[tuple[Verb, dict[str, str]]] = []
    if setter := find_verb(f"set-{noun}"):
        defining = {p.name for p in found["present"].parameters if "*" in p.mandatory_in} - _NOT_HERE
        own = {p.name: p.name for p in _taken(setter) if not p.unavailable}
        if defining <= own.keys():
            changes.append((setter, own))
        else:
            found["afterwards"] = setter
    for name, parameters in _ALSO_CHANGED.get(noun, {}).items():
        if other := find_verb(name):
            changes.append((other, parameters))
    return found, changes


def _taken(verb: Verb) -> list[Parameter]:
    """The parameters that a task can give to a verb."""
    return [p for p in request_parameters(verb) if p.name not in _NOT_HERE]


def _plans(verb: Verb) -> bool:
    return any(p.name == "whatIf" for p in request_parameters(verb))


def _identifying(verb: Verb) -> set[str]:
    """Parameters that say which object is meant."""
    return {p.name for p in verb.parameters if p.kind == "text" and "*" in p.mandatory_in}


def _module(name: str, noun: str) -> str:
    verbs, changes = _verbs(noun)
    made = verbs["present"]
    states = [state for state in ("present", "absent") if state in verbs]
    options: dict[str, Parameter] = {}
    does: dict[str, dict[str, Any]] = {}
    for state, verb in verbs.items():
        mine = {option(p): p for p in _taken(verb) if not (state == "afterwards" and p.unavailable)}
        if state == "show":
            mine = {key: p for key, p in mine.items() if key in options and p.kind == "text"}
            mine = {key: p for key, p in mine.items() if p.name in _identifying(verbs.get("absent", made))}
        elif state == "afterwards":
            named = {key: p.name for key, p in mine.items() if p.name in _identifying(verb)}
            mine = {key: p for key, p in mine.items() if key not in named}
        does[state] = {"verb": verb.name, "options": {key: p.name for key, p in mine.items()}}
        if state == "afterwards":
            does[state]["by"] = named
        does[state] |= {"confirms": verb.confirms and state != "present", "plans": _plans(verb)}
        options |= {key: p for key, p in mine.items() if key not in options}
    needed = set.intersection(*({p.name for p in verbs[s].parameters if "*" in p.mandatory_in} for s in states))
    only_absent = set(does.get("absent", {"options": {}})["options"]) - set(does["present"]["options"])
    documented = {
        key: _documented(p, required=p.name in needed, more=_ONLY_ABSENT if key in only_absent else "")
        for key, p in options.items()
    }
    arguments = {key: _argument(p, required=p.name in needed) for key, p in options.items()}
    about: dict[str, Any] = {
        "description": ["Whether it is to be there."],
        "type": "str",
        "choices": states,
        "default": "present",
    }
    documented["state"] = about
    arguments["state"] = {"type": "str", "choices": states, "default": "present"}
    values = _EXAMPLES.get(name, {"name": "NAME"})
    example: dict[str, Any] = {"name": made.synopsis, f"aksprov.hci.{name}": values}
    named = {key: value for key, value in values.items() if options[key].name in needed}
    removal: dict[str, Any] = {"name": "Take it away again.", f"aksprov.hci.{name}": {**named, "state": "absent"}}
    others = [verb.name for verb, _ in changes] + [verbs[s].name for s in ("afterwards",) if s in verbs]
    changing = f" What is there already is changed as C(aksprov {'), C(aksprov '.join(others)}) does." if others else ""
    return module_text(
        name,
        description=f"Does what C(aksprov {made.name}) does, and with I(state=absent) what removes it.{changing}",
        synopsis=made.synopsis,
        documented=documented,
        examples=[example, removal],
        returns=_state_returns(made),
        call="run_state",
        constants={
            "ARGUMENTS": arguments,
            "VERBS": does,
            "CHANGES": [_change(verb, parameters, options) for verb, parameters in changes],
        },
    )


_ONLY_ABSENT: Final = "Taken with I(state=absent)."


def _change(verb: Verb, parameters: dict[str, str], options: dict[str, Parameter]) -> dict[str, Any]:
    """A change as a module has it: ``by`` says of what."""
    keys = {p.name: key for key, p in options.items()}
    values = {keys[source]: name for name, source in parameters.items() if source in keys}
    known = {key for key, name in values.items() if name in _identifying(verb)}
    return {
        "verb": verb.name,
        "by": {key: name for key, name in values.items() if key in known},
        "options": {key: name for key, name in values.items() if key not in known},
        "confirms": verb.confirms,
        "plans": _plans(verb),
    }


def _info_module(name: str, verb: Verb) -> str:
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
    return module_text(
        name,
        description=f"Does what C(aksprov {verb.name}) does.",
        synopsis=verb.synopsis,
        documented={key: _documented(p, required=_needed(p)) for key, p in options.items()},
        examples=[_info_example(name, verb)],
        returns=returns,
        call="run_info",
        constants={
            "ARGUMENTS": {key: _argument(p, required=_needed(p)) for key, p in options.items()},
            "NAMES": {key: p.name for key, p in options.items()},
            "VERB": verb.name,
        },
        diff_mode="none",
    )


def _needed(parameter: Parameter) -> bool:
    return "*" in parameter.mandatory_in


def _info_example(name: str, verb: Verb) -> dict[str, Any]:
    given = {option(p): p.example for p in verb.parameters if _needed(p)}
    return {"name": verb.synopsis, f"aksprov.hci.{name}": given, "register": "found"}


def _verb_module(name: str, verb: Verb) -> str:
    """A module that does what one verb does."""
    options = {option(p): p for p in _taken(verb)}
    looks = verb.name.startswith("test-")
    returns = _state_returns(verb)
    del returns["plan"], returns["object"]
    if looks:
        returns.pop("rows")
    contains = {p.name: _returned(p) for p in verb.outputs}
    key, words = ("rows", "Every check.") if looks else ("objects", "What it shows, under AksHci's names.")
    returns[key] = {
        "description": [words],
        "returned": "always",
        "type": "list",
        "elements": "dict",
        "contains": contains,
    }
    return module_text(
        name,
        description=f"Does what C(aksprov {verb.name}) does"
        + ("; a check that fails is a failed task, whose RV(rows) have it." if looks else "."),
        synopsis=verb.synopsis,
        documented={key: _documented(p, required=_needed(p)) for key, p in options.items()},
        examples=[{"name": verb.synopsis, f"aksprov.hci.{name}": _EXAMPLES.get(name, {})}],
        returns=returns,
        call="run_verb",
        constants={
            "ARGUMENTS": {key: _argument(p, required=_needed(p)) for key, p in options.items()},
            "NAMES": {key: p.name for key, p in options.items()},
            "VERB": verb.name,
            "CONFIRMS": verb.confirms,
            "CHANGES": not looks,
        },
        check_mode="none",
        diff_mode="none",
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


def _documented(parameter: Parameter, *, required: bool, more: str = "") -> dict[str, Any]:
    text = [parameter.help]
    if parameter.default is not None:
        text.append(f"When it is left out, aksprov takes V({parameter.default}).")
    if parameter.unavailable:
        text.append(f"Not available: {parameter.unavailable}.")
    if more:
        text.append(more)
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


def _galaxy() -> str:
    return (
        f"# {NOTICE}\n---\nnamespace: aksprov\nname: hci\nversion: {__version__}\nreadme: README.md\n"
        "authors:\n  - the authors of aksprov\n"
        "description: AksHci's verbs for Kubernetes on your own hosts, as tasks\n"
        "license_file: LICENSE\ntags:\n  - kubernetes\n  - infrastructure\n  - windows\n"
        "dependencies: {}\nbuild_ignore:\n  - .ansible\n"
    )
