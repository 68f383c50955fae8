# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
"""Pushes the files of one host by Ansible's connection: aksprov says what to run there, and reads the answers.

The program on the control node plans, leases, journals and checks as it does over its own connections; here is
nothing but the way to the host.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from contextlib import suppress

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.aksprov.hci.plugins.module_utils.program import (
    NO_PROGRAM,
    VERSION,
    WOULD_CHANGE,
    Answer,
    failure,
    find_program,
    planned,
    refusal,
    said,
    without_answer,
)

from ansible.plugins.action import ActionBase

ARGUMENTS = {"folder": {"type": "path", "required": True}, "host": {"type": "str"}}
NO_PIPE = {
    "code": "ConnectionCannotPipe",
    "what": "this connection of Ansible gives commands no standard input",
    "why": "the files, and the key of a new CA, go to the host by it and through no temporary file",
    "fix": "use ansible.builtin.ssh or another connection that can pipeline",
    "exitCode": 69,
}


class ActionModule(ActionBase):
    """What a task of apply_bundle does."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """The result of the task."""
        result = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(ARGUMENTS)
        host = options["host"] or task_vars["inventory_hostname"]
        request = {"from": options["folder"], "yes": True}
        self._unreachable = False
        try:
            result.update(self._push(host, request))
        except RefusedError as refused:
            result.update(refused.result, failed=True)
            if self._unreachable:
                result["unreachable"] = True
        return result

    def _push(self, host, request):
        result = {}
        if self._task.check_mode or self._task.diff:
            answer = self._ask(host, dict(request, whatIf=True), (0, WOULD_CHANGE))
            result = planned(answer, self._task.diff)
            if self._task.check_mode:
                return result
        answer = self._ask(host, request, (0,))
        warnings = [said(row) for row in answer.rows if row.get("TestResult") == "Warning"]
        result.update(changed=answer.changed, rows=answer.rows, notes=answer.notes, object=answer.objects[0])
        return dict(result, warnings=warnings) if warnings else result

    def _ask(self, host, parameters, good):
        path = find_program()
        if path is None:
            raise RefusedError(NO_PROGRAM)
        if not self._connection.has_pipelining:
            raise RefusedError(dict(NO_PIPE, where=self._connection.transport))
        request = {"verb": "apply", "parameters": parameters, "version": VERSION, "attended": True, "carries": host}
        answer = self._converse(path, request)
        if answer.error or answer.exit_code not in good:
            raise RefusedError(*refusal(answer))
        return answer

    def _converse(self, path, request):
        """Run the program, and on the host what it asks for; the end of its input is what Ctrl-C is."""
        lines = []
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen([path, "invoke"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
            with suppress(BrokenPipeError), process:  # what it was not told is still there when the pipe is closed
                tell(process, request)
                for text in iter(process.stdout.readline, b""):
                    try:
                        line = json.loads(text)
                    except ValueError:
                        raise RefusedError(without_answer(path, to_text(text))) from None
                    if line["kind"] == "run":
                        tell(process, {"answer": self._run(line)})
                    elif line["kind"] == "ask":
                        tell(process, {"answer": None})
                    elif line["kind"] != "event":
                        lines.append(line)
            errors.seek(0)
            answer = Answer(lines)
            if answer.exit_code is None:
                raise RefusedError(without_answer(path, to_text(errors.read()).strip()))
        return answer

    def _run(self, line):
        """What a command on the host says."""
        try:
            done = self._low_level_execute_command(line["command"], in_data=base64.b64decode(line["stdin"]))
        except AnsibleError as error:
            self._unreachable = isinstance(error, AnsibleConnectionFailure)
            return {"problem": to_text(error) or type(error).__name__}
        return {"status": done["rc"], "stdout": encoded(done["stdout"]), "stderr": encoded(done["stderr"])}


class RefusedError(Exception):
    """The task failed, with an error of aksprov or one in its form."""

    def __init__(self, error, rows=()):
        super().__init__(error["code"])
        self.result = failure(error, rows)


def tell(process, line):
    """A line for the program; one that has ended is told nothing."""
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()


def encoded(text):
    """Output as it was, in base64."""
    return base64.b64encode(to_bytes(text, errors="surrogate_or_replace")).decode()
