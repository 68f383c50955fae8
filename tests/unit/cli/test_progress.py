"""One stream of events, read as lines and as waves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aksprov.cli.display import Waves
from aksprov.cli.progress import Lines
from aksprov.events import Event, EventStream

NOON = datetime(2026, 1, 1, 12, 3, 4, tzinfo=UTC)


@pytest.fixture
def stream() -> EventStream:
    """Everything happens at the same moment."""
    return EventStream(lambda: NOON)


def test_lines_say_what_ended_and_what_to_know(stream: EventStream, capsys: pytest.CaptureFixture[str]) -> None:
    stream.subscribe(Lines(verbose=False))
    stream.emit("run.started", text="new-cluster demo")
    stream.emit("step.started", host="cp1", step="files")
    stream.emit("step.finished", host="cp1", step="files")
    stream.emit("host.failed", host="cp2", text="no answer\x1b[2J")
    stream.emit("warning", text="a clock is slow")
    time = NOON.astimezone().strftime("%H:%M:%S")
    assert capsys.readouterr().err.splitlines() == [
        f"{time} new-cluster demo started",
        f"{time} cp1 files done",
        f"{time} cp2 failed: no answer\\x1b[2J",
        "warning: a clock is slow",
    ]


def test_a_wave_counts_its_hosts_and_names_the_steps_in_flight(stream: EventStream) -> None:
    waves = Waves()
    stream.subscribe(waves.take)
    stream.emit("run.started", text="new-cluster demo", data={"waves": {"1": 3, "2": 1}})
    for host in ("cp1", "cp2", "cp3"):
        stream.emit("host.started", host=host, data={"wave": 1})
    stream.emit("step.started", host="cp3", step="haproxy")
    stream.emit("host.finished", host="cp1")
    stream.emit("host.failed", host="cp2", text="no answer")
    assert waves.lines() == ["Wave 1: 1 of 3 done, 1 failed; cp3 haproxy", "Wave 2: 0 of 1 done"]


def test_a_stream_that_tells_no_waves_is_one_wave(stream: EventStream) -> None:
    waves = Waves()
    stream.subscribe(waves.take)
    stream.emit("host.started", host="cp1")
    waves.take(Event(time=NOON.isoformat(), run="", seq=9, kind="note", text="no host"))
    assert waves.lines() == ["Wave 1: 0 of 1 done; cp1"]
