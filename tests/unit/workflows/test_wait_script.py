"""The script that waits for a long step, against a systemd that is too busy to answer."""

from __future__ import annotations

import subprocess
from pathlib import Path

from aksprov.workflows.bring_up.scripts import script

BUSY = """#!/bin/sh
echo "$*" >>asked
case $* in
*SubState*) [ "$(grep -c SubState asked)" -gt 2 ] || { echo "Failed to get properties" >&2; exit 1; }; echo exited ;;
*ExecMainStatus*) echo 0 ;;
esac
"""


def test_no_answer_is_no_end(tmp_path: Path) -> None:
    """The unit would be stopped in the middle of its work, and its words be lost."""
    (tmp_path / "systemctl").write_text(BUSY)
    (tmp_path / "systemctl").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", script("wait")], input="aksprov-step-x\n", capture_output=True, text=True, check=False,
        env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "exited 0\n"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["show", "show", "show", "show", "stop", "reset-failed"]
