"""Long steps on a real host: bounded, found again, fenced, and silent about secrets.

Seen to fail with each of these taken out of aksprov/workflows/bring_up:

- long_step.py, the run and the text in the unit's name: the step was done twice; the deadline: it was waited for
  without end; the second beginning of a unit that is gone: StepFailed; "busy": StepFailed of the step that came second;
- long_step.py, ``redacted``: token and key were in the row; the last lines: all that was said was;
- scripts/start.sh, the look at the epoch: a run that was overtaken began its step; the trap at the step's end: the
  secret of a step that nobody waits for stayed;
- posix/files.sh, the question whether the unit lives: a look took the secret; what is dead: it stayed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from minilab import Lab
from transport_lab import entry, error_of, on_host

from aksprov.errors import HostError
from aksprov.model.transport import Connection
from aksprov.transport import TransportOptions, connector
from aksprov.workflows.bring_up.long_step import Holder, long_step
from aksprov.workflows.bring_up.scripts import script

STEP = "join-worker"
TOKEN, KEY = "abcdef.0123456789abcdef", "5e" * 32


@pytest.fixture(scope="module", autouse=True)
def inside(lab: Lab) -> Iterator[None]:
    """In the lab's network; what only our folders have goes at the end."""
    with lab.netns():
        yield
    for name in ("w1", "w2", "cp3"):
        lab[name].ssh("rm -rf /var/lib/aksprov /run/aksprov")


def _holder(epoch: int = 7) -> Holder:
    return Holder(run="r1", state_id="state-a", epoch=epoch)


async def _step(connection: Connection, text: str, *, seconds: int = 30, epoch: int = 7, secret: str = "") -> None:
    await long_step(connection, _holder(epoch), STEP, text, secret=secret, hide=(TOKEN,), seconds=seconds)


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_a_row_and_goes_on_and_the_next_run_waits_for_it(lab: Lab) -> None:
    host, text = entry(lab, "w1"), "sleep 25; echo once >>/run/long-step"

    async def twice(connection: Connection) -> HostError | None:
        caught = None
        try:
            await _step(connection, text, seconds=1, secret=f"token: {TOKEN}\n")
        except HostError as error:
            caught = error
        # nobody waits for it at that moment: it takes its secret away by itself
        ended = "until [ -e /run/long-step ]; do sleep 0.1; done; sleep 0.5; ls /run/aksprov"
        assert ".secret" not in (await asyncio.to_thread(lab["w1"].shell, ended)).stdout
        await _step(connection, text)
        return caught

    error = on_host(host, twice)
    assert error is not None and error.code == "StepTimedOut"
    assert "for more than 1 s" in error.why and "same command again" in error.fix
    assert lab["w1"].ssh("cat /run/long-step; rm /run/long-step").stdout == "once\n"


def test_a_run_that_was_overtaken_starts_nothing(lab: Lab) -> None:
    """The host has seen epoch 7 of this state; another state's number says nothing."""
    host = entry(lab, "w2")
    on_host(host, lambda c: _step(c, "true", epoch=7))
    error = error_of(host, lambda c: _step(c, "touch /run/fenced-step", epoch=6))
    assert (error.code, "epoch 7" in error.why) == ("HostEpochRefused", True)
    assert lab["w2"].ssh("ls /run/fenced-step", check=False).returncode != 0


def test_what_a_step_says_last_is_in_its_row_without_secrets_and_they_are_gone_from_the_host(lab: Lab) -> None:
    words = f"for i in $(seq 40); do echo line $i; done; echo 'key {KEY}'; cat $secret; printf '\\033[31mred\\033[0m'"
    words += "; echo; echo 'To see the stack trace of this error execute with --v=5 or higher'"
    text = f"cat $secret; {words}; exit 1"
    error = error_of(entry(lab, "w1"), lambda c: _step(c, text, secret=f"token: {TOKEN}\n"))
    assert error.code == "StepFailed"
    assert "line 40" in error.why and "line 30;" not in error.why
    assert error.why.endswith("; red")
    assert "[secret]" in error.why and TOKEN not in error.why + error.what + error.fix and KEY not in error.why
    left = lab["w1"].ssh(
        "ls /run/aksprov; systemctl list-units --all --plain --no-legend 'aksprov-step-*'", check=False
    )
    assert left.stdout == ""


def test_a_look_at_the_host_takes_nothing_from_a_step_that_runs_and_what_a_dead_one_left(lab: Lab) -> None:
    """A secret of a step whose unit is gone goes, and the folder of a process that is gone."""
    host, text = entry(lab, "w2"), "sleep 2; cat $secret >/dev/null && echo it was there; exit 1"
    lab["w2"].ssh("mkdir -p /run/aksprov/999999999; touch /run/aksprov/aksprov-step-dead.secret")

    async def looked_at(connection: Connection) -> str:
        task = asyncio.create_task(_step(connection, text, secret=f"token: {TOKEN}\n"))
        while not task.done():
            await connection.observe(())
        with pytest.raises(HostError) as caught:
            await task
        return caught.value.why

    assert "it was there" in on_host(host, looked_at)
    assert lab["w2"].ssh("ls /run/aksprov", check=False).stdout == ""


def test_a_step_whose_unit_is_gone_is_begun_again_once(lab: Lab) -> None:
    text = "echo begun >>/run/long-step; [ $(wc -l </run/long-step) = 2 ] || sleep 60"

    async def stopped(connection: Connection) -> None:
        task = asyncio.create_task(_step(connection, text))
        stop = "systemctl stop 'aksprov-step-*'"
        await asyncio.to_thread(lab["w1"].shell, f"until [ -e /run/long-step ]; do sleep 0.1; done; {stop}")
        await task

    on_host(entry(lab, "w1"), stopped)
    assert lab["w1"].ssh("cat /run/long-step; rm /run/long-step").stdout == "begun\nbegun\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_what_a_killed_run_still_waits_for_is_told_to_the_one_that_goes_on(lab: Lab, number: int) -> None:
    """The host does not hear that the run is gone: its question is still open when the step ends."""
    host, text = entry(lab, "w2"), f"sleep 6; echo it came to nothing {number}; exit 1"

    async def killed(connection: Connection) -> None:
        task = asyncio.create_task(_step(connection, text))
        await asyncio.sleep(3)
        task.cancel()
        await asyncio.wait([task])

    on_host(host, killed)
    assert error_of(host, lambda c: _step(c, text)).why == f"it came to nothing {number}"
    assert lab["w2"].ssh("ls /run/aksprov", check=False).stdout == ""


def test_two_runs_at_once_on_a_host_go_one_after_the_other(lab: Lab) -> None:
    async def both(connection: Connection) -> None:
        first = _step(connection, "echo a >>/run/order; sleep 2; echo b >>/run/order")
        task = asyncio.create_task(first)
        # of another connection: on one, scripts wait for one another in any case
        other = await connector(TransportOptions(known_hosts=(), agent_path=""))(connection.host)
        await asyncio.to_thread(lab["cp3"].shell, "until [ -e /run/order ]; do sleep 0.1; done")
        await long_step(other, _holder(), "end-kubernetes", "echo c >>/run/order", seconds=30)
        await other.close()
        await task

    on_host(entry(lab, "cp3"), both)
    assert lab["cp3"].ssh("cat /run/order; rm /run/order").stdout.split() == ["a", "b", "c"]


def test_a_node_that_gives_up_says_what_its_control_plane_said_last(lab: Lab) -> None:
    """The newest log of each container, in the form of the CRI, without its times."""
    place = "/var/log/pods/kube-system_etcd-w1_0/etcd"
    lab["w1"].ssh(f"mkdir -p {place}; touch -d yesterday {place}/1.log")
    said = (
        f"panic: no space left, token {TOKEN}",
        "",
        "goroutine 1 [running]:",
        "go.etcd.io/a.Panicf(0xc0, 0x1)",
        "\ta.go:1",
    )
    lab["w1"].write(f"{place}/2.log", "".join(f"2026-01-01T00:00:00Z stderr F {line}\n" for line in said))
    error = error_of(entry(lab, "w1"), lambda c: _step(c, f"{script('node')}give_up 11"))
    lab["w1"].ssh("rm -r /var/log/pods /var/lib/aksprov/originals")
    assert error.code == "ApiServerNotAnswering"
    assert "etcd: panic: no space left, token [secret]" in error.why
