"""Questions become data, never shell text, and an answer is read whole or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aksprov.checks.compile import SCRIPT, Question, compile_questions, parse_answers

printable = st.text(st.characters().filter(str.isprintable))
hostile = st.sampled_from(
    [
        "'",
        '"',
        "`touch canary`",
        "$(touch canary)",
        "; touch canary",
        "\\",
        "*",
        "-n",
        " ",
        "%s",
        "&",
        "|",
        ">canary",
        "é",
    ]
)
values = st.lists(hostile | printable, min_size=1, max_size=6).map("".join)


def ask_here(*questions: Question, cwd: Path | None = None) -> bytes:
    """What the script answers on this machine."""
    done = subprocess.run(
        ["sh", "-c", SCRIPT], input=compile_questions(questions), capture_output=True, check=True, cwd=cwd
    )
    return done.stdout


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(values, max_size=8))
def test_any_value_is_asked_about_as_it_is(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Quotes, substitutions and redirections come back as the very text that was asked, and nothing ran."""
    here = tmp_path_factory.mktemp("here")
    questions = [Question(kind="file", value=f"/nowhere/{text}") for text in texts]
    assert parse_answers(ask_here(*questions, cwd=here)) == {q: ("missing",) for q in questions}
    assert not any(here.iterdir())


@given(before=printable, bad=st.characters().filter(lambda c: not c.isprintable()), after=printable)
def test_what_could_end_a_line_or_field_is_refused(before: str, bad: str, after: str) -> None:
    """Newlines, tabs, NUL and half characters would become another question or another answer."""
    with pytest.raises(ValueError, match="not a value"):
        compile_questions([Question(kind="file", value=before + bad + after)])


@given(data=st.data())
def test_an_answer_that_was_cut_anywhere_is_refused(data: st.DataObject) -> None:
    whole = b"file\t/etc/hosts\tfile 644 root:root abc\nmodule\toverlay\tloaded\nend\n"
    assert len(parse_answers(whole)) == 2
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="cut short"):
        parse_answers(whole[:cut])


def test_host_output_cannot_move_the_cursor() -> None:
    answers = parse_answers(b"lines\t/proc/x\t1\t2\x1b[2J\xff\nend\n")
    assert answers[Question(kind="lines", value="/proc/x")] == (
        "1 2\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}",
    )
