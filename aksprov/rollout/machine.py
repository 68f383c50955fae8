"""The rollout machine: waves, who waits for whom, what a failure stops.

Pure: ``advance`` takes a state and an event and gives the next state and the hosts to
start.  All rules about order live here; the runner only carries them out.

    waiting -> running -> done | failed
    waiting -> blocked          (a late value it needs will not come)

A wave begins when every host of the one before it has ended, whatever its end: one
host's failure is its own row and holds up nobody but those that wait for its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from aksprov.model.base import Value

Standing = Literal["waiting", "running", "done", "failed", "blocked"]
ENDED: frozenset[Standing] = frozenset({"done", "failed", "blocked"})


class Ended(Value, frozen=True, kw_only=True):
    """A host has ended, well or not."""

    host: str
    result: Literal["done", "failed"]


class Rollout(Value, frozen=True, kw_only=True):
    """Where a rollout stands.

    Args:
        wave: host -> wave, from 1.
        needs: host -> the host whose late value it waits for; absent: none.
        standing: host -> where it stands.
        running: how many hosts are at work; while there are some, an end starts nobody,
            so that a rollout of thousands does not look through all of them each time.
    """

    wave: dict[str, int]
    needs: dict[str, str]
    standing: dict[str, Standing]
    running: int = 0

    @property
    def ended(self) -> bool:
        """Whether no host is left to wait for."""
        return all(s in ENDED for s in self.standing.values())


def begin(wave: Mapping[str, int], needs: Mapping[str, str], failed: frozenset[str]) -> tuple[Rollout, tuple[str, ...]]:
    """A rollout of the hosts in ``wave``, and those to start at once.

    Args:
        failed: hosts, in the rollout or not, that are known to have failed already.
    """
    standing: dict[str, Standing] = {h: "failed" if h in failed else "waiting" for h in wave}
    outside: dict[str, Standing] = {h: "failed" for h in failed}
    return _start(Rollout(wave=dict(wave), needs=dict(needs), standing={**outside, **standing}))


def advance(rollout: Rollout, event: Ended) -> tuple[Rollout, tuple[str, ...]]:
    """The rollout after ``event``, and the hosts to start now, in name order."""
    standing = {**rollout.standing, event.host: event.result}
    after = msgspec.structs.replace(rollout, standing=standing, running=rollout.running - 1)
    return (after, ()) if after.running else _start(after)


def _start(rollout: Rollout) -> tuple[Rollout, tuple[str, ...]]:
    standing = dict(rollout.standing)
    while True:
        open_waves = [rollout.wave[h] for h, s in standing.items() if h in rollout.wave and s not in ENDED]
        if not open_waves:
            return msgspec.structs.replace(rollout, standing=standing), ()
        current = min(open_waves)
        due = sorted(h for h, s in standing.items() if s == "waiting" and rollout.wave.get(h) == current)
        blocked = [h for h in due if standing.get(rollout.needs.get(h, ""), "done") in ("failed", "blocked")]
        for host in blocked:
            standing[host] = "blocked"
        if len(blocked) == len(due):
            continue  # the whole wave fell: look at the next one
        starting = tuple(h for h in due if h not in blocked)
        for host in starting:
            standing[host] = "running"
        return msgspec.structs.replace(rollout, standing=standing, running=len(starting)), starting
