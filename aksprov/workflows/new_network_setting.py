"""new-network-setting: print a network as an object; nothing is stored."""

from __future__ import annotations

from aksprov.cmdlets.network import NEW_NETWORK_SETTING
from aksprov.ipam.cidrs import standard_overlaps
from aksprov.ipam.rules import check_network
from aksprov.model.desired import Snapshot
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.workflows.network_definition import network_object, prefix_note, read_network
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Check the network by itself: what is recorded plays no part."""
    network = check_network(read_network(request), Snapshot())
    names = {output.name for output in NEW_NETWORK_SETTING.outputs}
    properties = {name: value for name, value in network_object(network).items() if name in names}
    notes = (*prefix_note(request, network), *standard_overlaps(network))
    return Outcome(objects=(properties,), single=True, notes=notes)
