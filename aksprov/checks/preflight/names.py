"""Names and machine-ids: what Kubernetes and people tell hosts apart by.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aksprov.checks.preflight.case import Case
from aksprov.model.facts import Facts
from aksprov.model.row import Row


def host_name_rows(case: Case) -> Iterator[Row]:
    """A node's name is its host's in the inventory; people look for it under the name the host has itself."""
    own, name = case.facts.hostname.lower(), case.node.name
    if own and own != name and own.partition(".")[0] != name:
        yield case.warns(
            "HostNameMatches",
            f"the host calls itself {case.facts.hostname}; its node will be {name}",
            f"run hostnamectl set-hostname {name} on it, or rename it in the inventory",
        )


def shared_rows(cases: Sequence[Case]) -> Iterator[Row]:
    """Cloned machines share what must be one host's alone."""
    kinds: tuple[tuple[str, str, Callable[[Facts], str], str], ...] = (
        ("UniqueHostName", "host name", lambda f: f.hostname.lower(), "give each host a name of its own"),
        (
            "UniqueMachineId",
            "machine-id",
            lambda f: f.machine_id,
            "empty /etc/machine-id on the clone, then run systemd-machine-id-setup and reboot",
        ),
    )
    for test_name, what, of, cure in kinds:
        groups: dict[str, list[Case]] = {}
        for case in cases:
            groups.setdefault(of(case.facts), []).append(case)
        for value, group in groups.items():
            for case in group if value and len(group) > 1 else ():
                others = ", ".join(other.node.host for other in group if other is not case)
                yield case.warns(test_name, f"{what} {value} is also that of {others}", cure)
