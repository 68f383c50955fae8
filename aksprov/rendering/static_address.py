"""The file that gives a host its address: netplan's where the host has netplan, else systemd-networkd's.

Sources: systemd.network(5) (the first file by name that matches an interface is the one that counts) and the netplan
YAML reference (files are merged in the order of their names; 0600, as the program asks for).
"""

from __future__ import annotations

from ipaddress import IPv4Network

from aksprov.ipam.static import is_given
from aksprov.model.bundle import BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.rendering.files import Renderer


def static_address_file(desired: Desired, node: Node, facts: Facts | None, render: Renderer) -> BundleFile | None:
    """The file, or None for a host that has an address of its own.

    Raises:
        DefinitionError: RenderUnsafe.
    """
    if not is_given(desired, node):
        return None
    network = desired.pool_networks.get(node.pool, desired.network)
    length = IPv4Network(network.ip_address_prefix).prefixlen
    values = {"interface": node.interface, "address": f"{node.address}/{length}"}
    if facts is not None and "netplan" in facts.programs:
        path, template = f"/etc/netplan/95-aksprov-{node.interface}.yaml", "node/linux/netplan.yaml.yaml.j2"
        return render.file(path, template, "network", values, mode="0600")
    path = f"/etc/systemd/network/05-aksprov-{node.interface}.network"
    return render.file(path, "node/linux/static-address.network.systemd.j2", "network", values)
