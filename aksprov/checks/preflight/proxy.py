"""A proxy in the host's environment.  Pure.

Our own calls to an API server go round it, and static pods get none, as steps run without it.  The kubelet and
containerd take theirs from their units.  Source: golang.org/x/net/http/httpproxy for what no_proxy means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from aksprov.checks.preflight.case import Case
from aksprov.model.row import Row


def proxy_rows(case: Case, vip: str) -> Iterator[Row]:
    """Where a proxy is set, and whether the kubelet would reach the API server through it."""
    if not case.runs_pods:
        return
    places = dict(case.situation.environment)
    places |= {
        f"{n}.service": case.situation.services[n].environment
        for n in ("kubelet", "containerd")
        if n in case.situation.services
    }
    found = [place for place, variables in places.items() if _proxy(variables)]
    if not found:
        return
    # what a service gets: systemd's own, then its unit's
    kubelet = {**places.get("systemd", {}), **places.get("kubelet.service", {})}
    through = bool(_proxy(kubelet)) and not _goes_direct(vip, kubelet)
    effect = f"; the kubelet would ask {vip}, the API server, through it" if through else ""
    yield case.warns(
        "ProxyInEnvironment",
        f"a proxy is set in {', '.join(found)}{effect}",
        f"put {vip}, the nodes' network and {', '.join(case.cluster.service_cidrs)} into no_proxy there"
        if through
        else "nothing need be done: steps run without it; containerd pulls images through its own",
    )


def _proxy(variables: Mapping[str, str]) -> str:
    return next((v for name, v in variables.items() if name.lower() in ("http_proxy", "https_proxy") and v), "")


def _goes_direct(address: str, variables: Mapping[str, str]) -> bool:
    listed = next((v for name, v in variables.items() if name.lower() == "no_proxy" and v), "")
    return any(_covers(entry.strip(), address) for entry in listed.split(","))


def _covers(entry: str, address: str) -> bool:
    try:
        return entry == "*" or ip_address(address) in ip_network(entry, strict=False)
    except ValueError:
        return False
