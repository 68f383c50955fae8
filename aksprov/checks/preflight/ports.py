"""Ports that must be free.  Pure.

Sources: kubeadm's preflight (cmd/kubeadm/app/preflight/checks.go) and "Ports and Protocols", kubernetes.io; the
kubelet's healthzPort, kube-proxy's healthzBindAddress and metricsBindAddress, which kubeadm does not look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from aksprov.checks.preflight.case import Case
from aksprov.model.derived import API_PORT
from aksprov.model.row import Row
from aksprov.model.situation import Listener

_CONTROL_PLANE: Final = {
    API_PORT: "API server",
    2379: "etcd",
    2380: "etcd",
    10257: "controller manager",
    10259: "scheduler",
}
_NODE: Final = {10250: "kubelet"}
_QUIET: Final = {10248: "kubelet", 10249: "kube-proxy", 10256: "kube-proxy"}


def port_rows(case: Case) -> Iterator[Row]:
    """A row for each process in the way; a cluster of ours that runs has the ports itself."""
    if case.ours:
        return
    if not case.runs_pods:
        strangers = [x for x in case.situation.listeners if not x.process.startswith("haproxy ")]
        for process, details, cure in _taken(strangers, {API_PORT: "HAProxy"}):
            yield case.row("PortsFree", "Failed", f"{process} {details}", cure)
        return
    needed = _NODE | (_CONTROL_PLANE if case.node.role == "control-plane" else {})
    for process, details, cure in _taken(case.situation.listeners, needed):
        yield case.stops("PortsFree", f"{process} {details}", cure)
    for process, details, cure in _taken(case.situation.listeners, _QUIET):
        yield case.warns("PortsFree", f"{process} {details}", cure)


def _taken(listeners: Iterable[Listener], wanted: Mapping[int, str]) -> Iterator[tuple[str, str, str]]:
    """Who has some of the ports, which, and what to do."""
    found: dict[str, set[int]] = {}
    for listener in listeners:
        if listener.port in wanted:
            found.setdefault(listener.process or "a process that the kernel does not name", set()).add(listener.port)
    for process, ports in found.items():
        named = ", ".join(f"{port} ({wanted[port]})" for port in sorted(ports))
        cure = f"stop it, or let it listen elsewhere; ss -tlnp 'sport = :{min(ports)}' on the host shows it"
        yield process, f"has port {named}", cure
