"""From what is desired to the files of one host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from aksprov.model.bundle import Bundle, BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.names import check_name
from aksprov.model.objects import OBJECTS_PATH, WINDOWS_OBJECTS_PATH, ClusterObjects, HostObjects
from aksprov.rendering.files import Renderer
from aksprov.rendering.load_balancer import load_balancer_files, load_balancer_listens
from aksprov.rendering.network_plugin import plugin_files
from aksprov.rendering.node import node_files
from aksprov.rendering.pools import on_windows
from aksprov.rendering.templates import Templates
from aksprov.rendering.windows import windows_node_files


def render_bundle(
    desired: Desired, host_key: str, facts: Mapping[str, Facts], late: Mapping[str, str], templates: Templates
) -> Bundle:
    """All files of one host, sorted by path.

    The same arguments give the same bytes: there is no date and no version of aksprov in a file.

    Args:
        host_key: key of a host that has a node in ``desired``.
        facts: by host key; a host that is not there gets what suits a fresh one.
        late: public late values that are known, e.g. {"ca": PEM certificate}.

    Raises:
        DefinitionError: RenderUnsafe, InvalidName, ReservedName (a value cannot go into a file),
            VersionNotAvailable.
    """
    _check_names(desired)
    nodes = desired.nodes_by_host.get(host_key, ())
    render = Renderer(templates, desired.cluster.key)
    files = [_objects(desired, nodes, host_key, render)]
    for node in nodes:
        files += _files_of(desired, node, facts.get(host_key), late, render)
    balancing = any(n.role == "load-balancer" for n in nodes)
    return Bundle(
        host=host_key,
        files=tuple(sorted(files, key=lambda f: f.path)),
        listens=tuple(load_balancer_listens(desired)) if balancing else (),
    )


def _check_names(desired: Desired) -> None:
    """Names go into paths and labels, which have no quoting, so their form is made sure of here too."""
    check_name("cluster", desired.cluster.name)
    for pool in desired.cluster.node_pools:
        check_name("node pool", pool.name)


def _files_of(
    desired: Desired, node: Node, facts: Facts | None, late: Mapping[str, str], render: Renderer
) -> Iterator[BundleFile]:
    if node.role == "load-balancer":
        yield from load_balancer_files(desired, node, late, render)
        return
    if on_windows(desired.cluster, node):
        yield from windows_node_files(desired, node, facts, render)
        return
    yield from node_files(desired, node, facts, render)
    if node.role == "control-plane":
        yield from plugin_files(desired, render)


def _objects(desired: Desired, nodes: tuple[Node, ...], host_key: str, render: Renderer) -> BundleFile:
    """What a lost state is rebuilt from; 0600, since it says how the site is laid out."""
    owners = (f"cluster/{desired.cluster.key}", f"host/{host_key}")
    objects = ClusterObjects(
        cluster=desired.cluster,
        network=desired.network.definition,
        pool_networks=tuple(network.definition for network in desired.networks[1:]),
        nodes=nodes,
        leases=tuple(x for owner in owners for x in desired.leases_by_owner.get(owner, ())),
        router_id=desired.router_id,
    )
    text = msgspec.json.format(msgspec.json.encode(HostObjects(clusters=(objects,)), order="sorted"))
    windows = any(on_windows(desired.cluster, n) for n in nodes)
    path = WINDOWS_OBJECTS_PATH if windows else OBJECTS_PATH
    return render.text(path, text.decode() + "\n", "data", mode="0600")
