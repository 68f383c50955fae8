# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
"""What every module does: ask the program aksprov, by JSON on its standard input, and say what it answered.

Nothing of aksprov is imported here, so Ansible's Python need not be aksprov's, and no value is on a command line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import partial

from ansible.module_utils.basic import AnsibleModule

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
            if backup.error and backup.exit_code not in (NOT_FOUND, 74):
                fail(self._module, backup.error, backup.rows)
            yield partial(self.ask, state=copy)


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


def given(module, names, takes):
    """The parameters of a verb that the task gives, under AksHci's names."""
    return {
        names[key]: value
        for key, value in module.params.items()
        if key in takes and value is not None and value is not False
    }


def run_state(arguments, names, takes, verbs, confirms, plans):
    """A module with the states present and absent."""
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    program = Program(module)
    state = module.params["state"]
    before = shown(program, verbs, module, names, takes) if module._diff or state == "absent" else None
    if state == "absent" and before is None:
        module.exit_json(changed=False, rows=[])
    parameters = given(module, names, takes[state])
    if state in confirms:
        parameters["yes"] = True
    result = {}
    if state in plans and (module.check_mode or module._diff):
        planned = program.ask(verbs[state], dict(parameters, whatIf=True))
        if planned.error and "changed" in plans and can_be_changed(planned.error, names, takes):
            planned = program.ask(verbs["changed"], dict(given(module, names, takes["changed"]), whatIf=True))
        result = plan_result(module, planned)
        if module.check_mode:
            module.exit_json(**result)
    with program.asking() as ask:
        answer = ask(verbs[state], parameters)
        if answer.error and "changed" in verbs and can_be_changed(answer.error, names, takes):
            changes = given(module, names, takes["changed"])
            answer = ask(verbs["changed"], dict(changes, yes=True) if "changed" in confirms else changes)
        elif state == "present" and "afterwards" in verbs and not answer.error:
            answer = afterwards(ask, module, names, takes, verbs, answer)
    finish(module, answer, before, result, state)


def can_be_changed(error, names, takes):
    """Whether all that differs from what is there is something that the verb that changes it takes."""
    fixed = {name for key, name in names.items() if key not in takes["changed"]}
    return error["code"].endswith("ExistsDifferently") and not fixed.intersection(error["where"].split(", "))


def afterwards(ask, module, names, takes, verbs, made):
    """What the verb answers that changes the object once it is there; ``made`` when the task asks for no change."""
    parameters = given(module, names, takes["afterwards"])
    if parameters.keys() <= {"name"}:
        return made
    answer = ask(verbs["afterwards"], dict(parameters, yes=True))
    answer.earlier = made.changed
    answer.rows = made.rows + answer.rows
    return answer


def shown(program, verbs, module, names, takes):
    """What is recorded under the name of the task, or None."""
    answer = program.ask(verbs["show"], given(module, names, takes["show"]))
    if answer.error and answer.exit_code != NOT_FOUND:
        fail(module, answer.error, answer.rows)
    return answer.objects[0] if answer.objects else None


def plan_result(module, answer):
    """What a plan says, as a task's result."""
    if answer.error or answer.exit_code not in (0, WOULD_CHANGE):
        refuse(module, answer)
    return planned(answer, module._diff)


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
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    answer = Program(module).ask(verb, given(module, names, names))
    if answer.error or answer.exit_code != 0:
        refuse(module, answer)
    module.exit_json(changed=False, objects=answer.objects)
