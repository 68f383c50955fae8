"""Whatever goes into a file is read back equal by the format's own parser, or is refused."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from aksprov.rendering.formats import FORMATS, UnsafeValueError, stored

TEXTS = st.text()
VALUES = st.one_of(TEXTS, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.lists(TEXTS))


@given(VALUES)
def test_yaml_comes_back_equal(value: object) -> None:
    """Through a parser of YAML 1.1 and one of YAML 1.2."""
    text = f"key:\n  - name: {FORMATS['yaml'](value)}\n"
    expected = {"key": [{"name": value}]}
    assert yaml.safe_load(text) == expected
    assert YAML(typ="safe", pure=True).load(io.StringIO(text)) == expected


@given(VALUES)
def test_toml_comes_back_equal(value: object) -> None:
    assert tomllib.loads(f"key = {FORMATS['toml'](value)}\n") == {"key": value}


@given(VALUES)
def test_json_comes_back_equal(value: object) -> None:
    text = f'{{"key": {FORMATS["json"](value)}}}'
    assert text.isascii()
    assert json.loads(text) == {"key": value}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_shell_words_come_back_equal(value: str) -> None:
    assert shlex.split(FORMATS["sh"](value)) == [value]


def test_a_real_shell_runs_nothing_that_is_in_a_word() -> None:
    """Python's idea of quoting against the shell's own."""
    words = ["$(reboot)", "`id`", "it's", 'a"b', "a\nb", "-n", "*", "~", "\\", "", "{{ x }}", "\u00e9\u2028"]
    script = "printf '%s\\0' " + " ".join(map(FORMATS["sh"], words))
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
PWSH_TEXTS = [
    "", "it's", "''", "a\u2019; reboot #", "\u2018\u2019\u201a\u201b", "$(reboot)", "`n", '"', "a;b|c&d", "@{x=1}",
    "\u00dcber Schalter, [x]", "\U0001f600", "a\u2028b", "%PATH%", "--%", "\ufeff",
]  # fmt: skip


@given(PRINTABLE)
def test_a_powershell_script_stays_ascii_and_a_text_stays_in_its_apostrophes(value: str) -> None:
    """What is left of an expression without its quoted texts is only characters by number, added up."""
    text = FORMATS["ps1"](value)
    assert text.isascii()
    assert text.isprintable()
    bare = re.sub(r"'(?:[^']|'')*'", "'", text)
    assert re.fullmatch(r"'|\('( \+ (\[char\]0x[0-9a-f]{4}|'))+\)", bare)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0", "\x1b[31m", "\x7f", "\x85"])
def test_a_control_character_has_no_place_in_a_powershell_script(value: str) -> None:
    with pytest.raises(UnsafeValueError, match="control character"):
        FORMATS["ps1"](value)


@pytest.mark.pwsh
def test_powershell_itself_reads_back_what_went_in(tmp_path: Path) -> None:
    """Texts that try to get out, and whatever hypothesis finds, in one run of the engine."""
    values: list[object] = [*PWSH_TEXTS, True, False, 0, -7, 2**31, [], ["a"], ["a", "\u2019", ["b"]]]

    @given(st.lists(PRINTABLE, max_size=5))
    @settings(max_examples=40)
    def collect(found: list[str]) -> None:
        values.append(found)

    collect()
    script, out = tmp_path / "values.ps1", tmp_path / "values.json"
    assigned = "".join(f"$all += , {FORMATS['ps1'](value)}\n" for value in values)
    written = f"ConvertTo-Json $all -Depth 5 | Set-Content -Encoding utf8NoBOM {FORMATS['ps1'](str(out))}\n"
    script.write_bytes(stored("ps1", f"$all = @()\n{assigned}{written}").encode())
    subprocess.run([os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-File", str(script)], check=True)
    assert json.loads(out.read_text("utf-8")) == values


@pytest.mark.parametrize("form", ["haproxy", "keepalived", "modules", "sysctl", "systemd"])
@given(value=st.one_of(TEXTS, st.from_regex(r"[ -~]*", fullmatch=True)))
def test_formats_without_quoting_carry_plain_words_or_nothing(form: str, value: str) -> None:
    """One word goes in unchanged; anything that could end it, comment it out or expand is refused."""
    if re.fullmatch(r"[A-Za-z0-9_./:-]+", value):
        assert FORMATS[form](value) == value
    else:
        with pytest.raises(UnsafeValueError):
            FORMATS[form](value)


@pytest.mark.parametrize("form", FORMATS)
def test_half_a_surrogate_pair_is_refused_by_every_format(form: str) -> None:
    """Python's strings can hold it (a file name that is no UTF-8), files cannot."""
    with pytest.raises(UnsafeValueError, match=r"udcff"):
        FORMATS[form]("a\udcff")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", [None, 1.5, {"a": "b"}, object()])
def test_what_no_template_should_print_is_a_bug(form: str, value: object) -> None:
    with pytest.raises(TypeError):
        FORMATS[form](value)
