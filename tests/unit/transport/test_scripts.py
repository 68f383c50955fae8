"""The scripts that hosts run, as texts: every shell can read them, linted, and each refusal has its words."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aksprov.transport import posix, refusals
from aksprov.transport.posix import script

FOLDER = Path(posix.__file__).parent
STEPS = sorted(f"steps/{p.stem}" for p in (FOLDER / "steps").glob("*.sh"))
# as they are put together and sent
WHOLE = {
    "agent": ("agent",),
    "look": ("parts", "facts", "situation", "files"),
    "read": ("read",),
    "tcp": ("tcp",),
    "unix": ("unix",),
    "recover": ("lock", "swap", "undo", "recover"),
    "adopt": ("lock", "adopt"),
    "leave": ("lock", "swap", "undo", "removes", "steps/common", "steps/units", "steps/systemd", "leave", "apply"),
    "apply": ("lock", "swap", "undo", "removes", *STEPS, "apply"),
}
SHELLS = [s for s in ("dash", "bash --posix", "busybox sh") if shutil.which(s.split()[0])]


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_can_read_them(shell: str, names: tuple[str, ...]) -> None:
    subprocess.run([*shell.split(), "-n"], input=script(*names), text=True, check=True)


@pytest.mark.parametrize("names", WHOLE.values(), ids=WHOLE)
def test_shellcheck_finds_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    """Whole, as variables and functions of one part are used in another."""
    path = tmp_path / "script.sh"
    path.write_text("".join((FOLDER / f"{name}.sh").read_text() for name in names))
    # SC2154, SC2034: the agent's variables; SC2329: functions that are called by a name made at run time
    program = Path(sys.executable).with_name("shellcheck")  # the pinned one, as each release finds more
    argv = [program, "--shell=sh", "--exclude=SC2154,SC2034,SC2329", str(path)]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_no_quoted_text_has_what_is_sent_without_its_blanks() -> None:
    lines = [line for path in FOLDER.rglob("*.sh") for line in path.read_text().splitlines() if "$(" not in line]
    quoted = [text for line in lines for text in re.findall(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", line)]
    assert len(quoted) > 100
    assert [text for text in quoted if re.search(r" (&&|\|\||;;)|(&&|\|\||;;) ", text)] == []


def test_no_file_is_left_out() -> None:
    there = {str(p.relative_to(FOLDER).with_suffix("")) for p in FOLDER.rglob("*.sh")}
    assert there == {name for names in WHOLE.values() for name in names}


def test_every_refusal_of_a_script_has_its_meaning() -> None:
    said = set(re.findall(r"\bfail \S+ (\w+)|\bsay \S+ failed (\w+)", script(*WHOLE["apply"])))
    assert {first or second for first, second in said} - refusals.MEANINGS.keys() == set()


def test_they_need_no_more_than_is_promised() -> None:
    """A POSIX shell, tar, sha256sum, coreutils, systemctl and ip; what else is named is tried only where it is."""
    optional = {
        "ss",
        "modprobe",
        "journalctl",
        "bash",
        "socat",
        "perl",
        "containerd",
        "kubeadm",
        "haproxy",
        "keepalived",
    }
    text = "\n".join(script(*names) for names in WHOLE.values())
    forbidden = r"\b(awk|sed|grep|find|xargs|curl|wget|openssl|python3?|ps|pgrep|lsattr|chattr|flock|mountpoint|gzip)\b"
    assert set(re.findall(forbidden, text)) == set()
    assert optional >= {w for w in ("ss", "modprobe", "journalctl", "socat", "perl") if w in text}
