"""The rollout machine, driven to its end in every order that hosts may end in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aksprov.rollout.machine import Ended, Rollout, advance, begin


@st.composite
def rollouts(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, str], frozenset[str]]:
    hosts = [f"h{n}" for n in range(draw(st.integers(1, 8)))]
    wave = {h: draw(st.integers(1, 4)) for h in hosts}
    needs = {h: hosts[0] for h in hosts[1:] if wave[h] > wave[hosts[0]] and draw(st.booleans())}
    failed = frozenset(h for h in [*hosts, "outside"] if draw(st.integers(0, 5)) == 0)
    return wave, needs, failed


def drive(
    plan: tuple[dict[str, int], dict[str, str], frozenset[str]], data: st.DataObject
) -> tuple[Rollout, list[tuple[str, frozenset[str]]]]:
    """Ends running hosts in any order, well or not; each start with who had ended then."""
    wave, needs, failed = plan
    rollout, starting = begin(wave, needs, failed)
    running: list[str] = []
    ended: set[str] = set(failed)
    starts: list[tuple[str, frozenset[str]]] = []
    while True:
        starts += [(h, frozenset(ended)) for h in starting]
        running += starting
        if not running:
            return rollout, starts
        host = data.draw(st.sampled_from(running))
        running.remove(host)
        ended.add(host)
        rollout, starting = advance(rollout, Ended(host=host, result=data.draw(st.sampled_from(["done", "failed"]))))


@given(rollouts(), st.data())
def test_every_host_ends_once_and_no_wave_overtakes_another(
    plan: tuple[dict[str, int], dict[str, str], frozenset[str]], data: st.DataObject
) -> None:
    wave, _needs, failed = plan
    rollout, starts = drive(plan, data)
    assert rollout.ended
    started = [h for h, _ in starts]
    assert len(started) == len(set(started))
    assert set(started).isdisjoint(failed)
    for host, ended in starts:
        earlier = {h for h in wave if wave[h] < wave[host] and rollout.standing[h] != "blocked"}
        assert earlier <= ended


@given(rollouts(), st.data())
def test_only_those_who_wait_for_a_failed_host_are_blocked(
    plan: tuple[dict[str, int], dict[str, str], frozenset[str]], data: st.DataObject
) -> None:
    wave, needs, _ = plan
    rollout, _ = drive(plan, data)
    for host in wave:
        blocked = rollout.standing[host] == "blocked"
        lost = host in needs and rollout.standing.get(needs[host]) in ("failed", "blocked")
        assert blocked == (lost and rollout.standing[host] != "failed")


def test_load_balancers_go_one_after_another_and_the_first_wave_alone() -> None:
    rollout, starting = begin({"cp1": 1, "cp2": 2, "lb1": 2, "lb2": 3}, {"lb1": "cp1", "lb2": "cp1"}, frozenset())
    assert starting == ("cp1",)
    rollout, starting = advance(rollout, Ended(host="cp1", result="done"))
    assert starting == ("cp2", "lb1")
    rollout, starting = advance(rollout, Ended(host="lb1", result="failed"))
    assert starting == ()
    rollout, starting = advance(rollout, Ended(host="cp2", result="done"))
    assert starting == ("lb2",)
