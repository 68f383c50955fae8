# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
"""What every module does: ask the program aksprov, by JSON on its standard input, and say what it answered.

Nothing of aksprov is imported here, so Ansible's Python need not be aksprov's, and no value is on a command line.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import partial

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    ElementError,
    RequiredError,
    UnsupportedError,
)

VERSION = "0.1.0"
NOT_FOUND = 66
WOULD_CHANGE = 2


class Answer:
    """What the program said.

    Attributes:
        objects: what is recorded, as dicts.
        plan: what would change on hosts, or None.
        rows: checks that did not pass.
        notes: texts.
        error: the error's dict, or None.
        exit_code: of the program.
        earlier: whether a verb before this one has changed something.
    """

    def __init__(self, lines):
        self.objects, self.rows, self.notes = [], [], []
        self.plan = self.error = None
        self.exit_code = None
        self.earlier = False
        for line in lines:
            kind = line.get("kind")
            if kind == "object":
                self.objects.append(line["value"])
            elif kind == "plan":
                self.plan = line["value"]
            elif kind == "row":
                self.rows.append(line["value"])
            elif kind == "note":
                self.notes.append(line["text"])
            elif kind == "error":
                self.error = line["error"]
            elif kind == "end":
                self.exit_code = line["exitCode"]

    @property
    def changed(self):
        """Whether something was stored or sent."""
        return self.earlier or not any("nothing to change" in note for note in self.notes)

    def follow(self, before):
        """Take in what the verb before this one has said and done."""
        self.earlier = before.changed
        self.rows = before.rows + self.rows


NO_PROGRAM = {
    "code": "ProgramNotFound",
    "what": "the program aksprov is not there",
    "where": "AKSPROV_CLI, PATH",
    "why": "neither of them leads to it",
    "fix": "pip install aksprov on the host that runs this task, or set AKSPROV_CLI for it",
    "exitCode": 69,
}


def find_program():
    """The path of aksprov, or None."""
    path = os.environ.get("AKSPROV_CLI") or shutil.which("aksprov")
    return path if path and os.path.exists(path) else None


def without_answer(path, words):
    """The error of a program that ended without its last line."""
    return {
        "code": "ProgramFailed",
        "what": "aksprov did not answer",
        "where": path,
        "why": words[-500:] or "it ended without a word",
        "fix": "run the program by hand; it must be aksprov " + VERSION,
        "exitCode": 70,
    }


class Program:
    """The program aksprov of this machine."""

    def __init__(self, module):
        self._module = module
        self._path = find_program()
        if self._path is None:
            fail(module, NO_PROGRAM)

    def ask(self, verb, parameters, state=None):
        """Run a verb; ``state`` stands for the state that the environment names."""
        request = {"verb": verb, "parameters": parameters, "version": VERSION, "attended": False}
        environment = dict(os.environ, **({"AKSPROV_STATE": state} if state else {}))
        try:
            done = subprocess.run(
                [self._path, "invoke"],
                input=json.dumps(request).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                check=False,
            )
            lines = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines() if line.strip()]
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        except (OSError, ValueError) as error:
            lines, said = [], str(error)
        answer = Answer(lines)
        if answer.exit_code is None:
            fail(self._module, without_answer(self._path, said))
        return answer

    @contextmanager
    def asking(self):
        """What runs verbs: in check mode, on a copy of the state that is thrown away."""
        if not self._module.check_mode:
            yield self.ask
            return
        with tempfile.TemporaryDirectory(prefix="aksprov-") as folder:
            copy = os.path.join(folder, "state.db")
            backup = self.ask("state-backup", {"file": copy})
            if backup.error and backup.exit_code != NOT_FOUND:
                fail(self._module, backup.error, backup.rows)
            yield partial(self._rehearse, state=copy)

    def _rehearse(self, verb, parameters, state):
        """Run a verb on a copy of the state; what would take something off a host is left out."""
        if parameters.get("purge"):
            parameters = dict(parameters, purge=False, force=True)
        return self.ask(verb, parameters, state)


class Module(AnsibleModule):
    """A module that says what Ansible itself refuses under aksprov's codes."""

    def fail_json(self, msg, **result):
        """End the task; without an error of aksprov it is one of the options."""
        checked = getattr(self, "validation_result", None)
        if "error" not in result and checked is not None and checked.errors:
            result.update(failure(refused_option(checked, self.argument_spec, msg)))
            msg = result.pop("msg")
        super().fail_json(msg, **result)


def refused_option(checked, spec, msg):
    """What Ansible found wrong with the options, as an error of aksprov."""
    problem = checked.errors[0]
    named = re.search("'([a-z0-9_]+)'|value of ([a-z0-9_]+)", msg)
    where = (named[1] or named[2]) if named else ""
    why, fix, exit_code = "", "ansible-doc has every option", 64
    if isinstance(problem, UnsupportedError):
        code, where = "UnknownOption", ", ".join(sorted(map(str, checked.unsupported_parameters)))
        close = [near for word in where.split(", ") for near in difflib.get_close_matches(word, list(spec), n=1)]
        why = "did you mean %s?" % ", ".join(close) if close else ""
    elif isinstance(problem, RequiredError):
        code, where = "MissingParameter", ", ".join(sorted(key for key in spec if spec[key].get("required")))
    elif isinstance(problem, ArgumentValueError):
        code, exit_code = "ValueNotAllowed", 65
    elif isinstance(problem, (ArgumentTypeError, ElementError)):
        kind = spec.get(where, {}).get("type")
        code = {"int": "InvalidNumber", "float": "InvalidNumber", "bool": "InvalidBoolean"}.get(kind, "ValueShape")
        exit_code = 64 if code == "ValueShape" else 65
    else:
        code = "ParameterSetsMixed"
    return {"code": code, "what": msg, "where": where, "why": why, "fix": fix, "exitCode": exit_code}


def fail(module, error, rows=()):
    """End the task with an error of aksprov."""
    module.fail_json(**failure(error, rows))


def failure(error, rows=()):
    """The result of a task that failed: the error's fields and the rows as text and as data."""
    text = "{code}: {what}".format(**error)
    for word in ("where", "why", "fix"):
        if error.get(word):
            text += "\n  %s: %s" % (word, error[word])
    for row in rows:
        text += "\n  " + said(row)
    return {"msg": text, "error": error, "rows": list(rows)}


def said(row):
    """A row on one line."""
    place = row.get("Host") or row.get("Cluster") or ""
    words = [row.get("TestResult", ""), place, row.get("TestName", ""), row.get("Details", "")]
    text = " ".join(word for word in words if word)
    return text + (" - " + row["Recommendation"] if row.get("Recommendation") else "")


def given(module, names):
    """The parameters of a verb that the task gives: option -> AksHci's name."""
    values = {name: module.params[key] for key, name in names.items()}
    return {name: value for name, value in values.items() if value is not None}


def run_state(arguments, verbs, changes):
    """A module with the states present and absent.

    Args:
        arguments: of the module.
        verbs: present, absent, show and, where a change comes after the object is there, afterwards; of each the
            ``verb``, its ``options`` (option -> AksHci's name), whether it ``confirms`` and ``plans``.
        changes: verbs that change what is there; they have ``by`` as well, the options that say what is changed.
    """
    module = Module(argument_spec=arguments, supports_check_mode=True)
    program = Program(module)
    state = module.params["state"]
    before = shown(module, program.ask, verbs) if module._diff or state == "absent" else None
    if state == "absent" and before is None:
        module.exit_json(changed=False, rows=[])
    result = {}
    if verbs[state]["plans"] and (module.check_mode or module._diff):
        answer = carry_out(module, program.ask, verbs[state], only_plan=True)
        wanted = changes_for(answer, changes, verbs)
        plans = [carry_out(module, program.ask, change, only_plan=True) for change in wanted]
        result = plan_result(module, plans or [answer])
        if module.check_mode:
            module.exit_json(**result)
    with program.asking() as ask:
        answer = carry_out(module, ask, verbs[state])
        wanted = changes_for(answer, changes, verbs)
        if wanted:
            answer = changed(module, ask, wanted, verbs)
        elif state == "present" and "afterwards" in verbs and not answer.error:
            answer = afterwards(module, ask, verbs["afterwards"], answer)
    finish(module, answer, before, result, state)


def carry_out(module, ask, verb, only_plan=False):
    """What a verb answers to the task's options."""
    parameters = given(module, dict(verb["options"], **verb.get("by", {})))
    if only_plan:
        parameters["whatIf"] = True
    elif verb["confirms"]:
        parameters["yes"] = True
    return ask(verb["verb"], parameters)


def changes_for(answer, changes, verbs):
    """The changes that make of what is there what the task asks for; none where something of it is fixed."""
    if not answer.error or not answer.error["code"].endswith("ExistsDifferently"):
        return []
    words = answer.error["where"].split(", ")
    differing = {key for key, name in verbs["present"]["options"].items() if name in words}
    wanted = [change for change in changes if not differing or differing.intersection(change["options"])]
    return wanted if differing <= {key for change in wanted for key in change["options"]} else []


def changed(module, ask, changes, verbs):
    """What is there once it was changed."""
    before = None
    for change in changes:
        answer = carry_out(module, ask, change)
        if before is not None:
            answer.follow(before)
        if answer.error or answer.exit_code != 0:
            return answer
        before = answer
    there = shown(module, ask, verbs)
    before.objects = [there] if there else []
    return before


def afterwards(module, ask, verb, made):
    """What the verb answers that changes the object once it is there; ``made`` when the task asks for no change."""
    if not given(module, verb["options"]):
        return made
    answer = carry_out(module, ask, verb)
    answer.follow(made)
    return answer


def shown(module, ask, verbs):
    """What is recorded under the name of the task, or None."""
    answer = carry_out(module, ask, verbs["show"])
    if answer.error and answer.exit_code != NOT_FOUND:
        fail(module, answer.error, answer.rows)
    return answer.objects[0] if answer.objects else None


def plan_result(module, answers):
    """What plans say, as a task's result."""
    results = []
    for answer in answers:
        if answer.error or answer.exit_code not in (0, WOULD_CHANGE):
            refuse(module, answer)
        results.append(planned(answer, module._diff))
    result = results[0]
    for more in results[1:]:
        result["changed"] = result["changed"] or more["changed"]
        result["plan"] = dict(more["plan"], hosts=result["plan"]["hosts"] + more["plan"]["hosts"])
        for key in ("rows", "diff"):
            if key in more:
                result[key] = result[key] + more[key]
    return result


def planned(answer, with_diff):
    """A task's result from a plan that was made."""
    plan = answer.plan or {"hosts": []}
    changed = answer.exit_code == WOULD_CHANGE
    result = {"changed": changed, "plan": plan, "rows": answer.rows}
    if with_diff:
        result["diff"] = [
            {"prepared": file["diff"], "before_header": host["name"], "after_header": host["name"] + ":" + file["path"]}
            for host in plan["hosts"]
            for file in host["files"]
            if file.get("diff")
        ]
    return result


def refuse(module, answer):
    """End the task with what the program said."""
    fail(module, *refusal(answer))


def refusal(answer):
    """The error and the failed rows of an answer."""
    bad = [row for row in answer.rows if row.get("TestResult") == "Failed"]
    error = answer.error or {
        "code": "ChecksFailed",
        "what": "a host or a check failed",
        "where": ", ".join(sorted({row["Host"] for row in bad if row.get("Host")})),
        "why": "see the rows",
        "fix": "mend what the rows say, then run the task again: it goes on from there",
        "exitCode": answer.exit_code,
    }
    return error, bad


def finish(module, answer, before, result, state):
    """Say how the task ended."""
    if answer.error or answer.exit_code != 0:
        refuse(module, answer)
    for row in answer.rows:
        if row.get("TestResult") == "Warning":
            module.warn(said(row))
    after = answer.objects[0] if answer.objects and state == "present" else None
    result = dict(result, changed=answer.changed, rows=answer.rows, notes=answer.notes)
    if after is not None:
        result["object"] = after
    if module._diff and "diff" not in result:
        result["diff"] = {"before": text(before), "after": text(after)}
    module.exit_json(**result)


def text(recorded):
    """An object for a diff."""
    return json.dumps(recorded, indent=2, sort_keys=True) + "\n" if recorded else ""


def run_info(arguments, names, verb):
    """A module that shows what is recorded."""
    module = Module(argument_spec=arguments, supports_check_mode=True)
    answer = Program(module).ask(verb, given(module, names))
    if answer.error or answer.exit_code != 0:
        refuse(module, answer)
    module.exit_json(changed=False, objects=answer.objects)


def run_verb(arguments, names, verb, confirms, changes):
    """A module that does what one verb does; Ansible skips it in check mode."""
    module = Module(argument_spec=arguments, supports_check_mode=False)
    answer = Program(module).ask(verb, dict(given(module, names), **({"yes": True} if confirms else {})))
    if not changes:  # rows are all that a check shows
        answer.rows, answer.objects = answer.objects, []
    if answer.error or answer.exit_code != 0:
        refuse(module, answer)
    result = {"rows": answer.rows, "notes": answer.notes}
    if changes:
        result["objects"] = answer.objects
    module.exit_json(changed=changes and answer.changed, **result)
