"""Late values: what exists only once a run has begun, and who gives it.

The one public late value so far is "ca", the cluster's CA certificate.  It lives on the
first control plane; what that host shows wins over what the state recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aksprov.errors import HostError
from aksprov.model.desired import Desired
from aksprov.model.facts import Observed

CA: Final = "ca"


def giver(desired: Desired) -> str:
    """Key of the host that gives the CA certificate: the first control plane."""
    return desired.by_role("control-plane")[0].name


def resolve_late(
    desired: Desired, observed: Mapping[str, Observed], recorded: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """The late values that are known before the run: {} or {"ca": PEM text}.

    Args:
        observed: by host key; a host that did not answer is left out.
        recorded: the state's public late values, by (cluster key, name).

    Raises:
        HostError: CaKeyMissing, when the first control plane has a certificate without its key.
    """
    first = observed.get(giver(desired))
    if first is None:
        known = recorded.get((desired.cluster.key, CA))
        return {CA: known} if known else {}
    if first.ca_certificate and not first.ca_key_present:
        raise HostError(
            "CaKeyMissing",
            "the cluster's CA cannot be used",
            where=f"host {first.host}: /etc/kubernetes/pki",
            why="ca.crt is there but ca.key is not, and kubeadm needs both",
            fix="put ca.key back beside ca.crt, or move ca.crt away to have a new pair made",
        )
    return {CA: first.ca_certificate} if first.ca_certificate else {}
