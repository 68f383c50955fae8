"""Whatever goes into a file is read back equal by the format's own parser, or is refused."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from aksprov.rendering.formats import FORMATS, UnsafeValueError

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


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_shell_words_come_back_equal(value: str) -> None:
    assert shlex.split(FORMATS["sh"](value)) == [value]


def test_a_real_shell_runs_nothing_that_is_in_a_word() -> None:
    """Python's idea of quoting against the shell's own."""
    words = ["$(reboot)", "`id`", "it's", 'a"b', "a\nb", "-n", "*", "~", "\\", "", "{{ x }}", "\u00e9\u2028"]
    script = "printf '%s\\0' " + " ".join(map(FORMATS["sh"], words))
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words


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
