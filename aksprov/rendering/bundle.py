"""From what is desired to the files of one host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from aksprov.model.bundle import Bundle, BundleFile
from aksprov.model.cluster import Node
from aksprov.model.desired import Desired
from aksprov.model.facts import Facts
from aksprov.model.names import check_name
from aksprov.model.objects import OBJECTS_PATH, WINDOWS_OBJECTS_PATH, ClusterObjects, HostObjects
from aksprov.rendering.files import Renderer
from aksprov.rendering.load_balancer import Balanced, balanced, load_balancer_files, load_balancer_listens
from aksprov.rendering.network_plugin import plugin_files
from aksprov.rendering.node import node_files
from aksprov.rendering.pools import on_windows
from aksprov.rendering.static_address import static_address_file
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
    clusters = [one for n in nodes if n.role == "load-balancer" for one in balanced(desired, n, late)]
    first = Renderer(templates, clusters[0].key) if clusters else render  # whose the files of all clusters are
    files = [_objects(desired, nodes, host_key, clusters, first)]
    files += load_balancer_files(clusters, templates) if clusters else ()
    address = static_address_file(desired, nodes[0], facts.get(host_key), first) if nodes else None
    files += [address] if address else []
    for node in nodes:
        files += _files_of(desired, node, facts.get(host_key), render)
    return Bundle(
        host=host_key,
        files=tuple(sorted(files, key=lambda f: f.path)),
        listens=tuple(load_balancer_listens(clusters)),
        given=(nodes[0].address,) if address else (),
    )


def _check_names(desired: Desired) -> None:
    """Names go into paths and labels, which have no quoting, so their form is made sure of here too."""
    check_name("cluster", desired.cluster.name)
    for pool in desired.cluster.node_pools:
        check_name("node pool", pool.name)


def _files_of(desired: Desired, node: Node, facts: Facts | None, render: Renderer) -> Iterator[BundleFile]:
    if node.role == "load-balancer":
        return
    if on_windows(desired.cluster, node):
        yield from windows_node_files(desired, node, facts, render)
        return
    yield from node_files(desired, node, facts, render)
    if node.role == "control-plane":
        yield from plugin_files(desired, render)


def _objects(
    desired: Desired, nodes: tuple[Node, ...], host_key: str, clusters: Sequence[Balanced], render: Renderer
) -> BundleFile:
    """What a lost state is rebuilt from; 0600, since it says how the site is laid out."""
    others = [(one.desired, (one.node,)) for one in clusters if one.key != desired.cluster.key]
    said = [_cluster_objects(*each, host_key) for each in [(desired, nodes), *others]]
    every = HostObjects(clusters=tuple(sorted(said, key=lambda objects: objects.cluster.key)))
    text = msgspec.json.format(msgspec.json.encode(every, order="sorted"))
    windows = any(on_windows(desired.cluster, n) for n in nodes)
    path = WINDOWS_OBJECTS_PATH if windows else OBJECTS_PATH
    return render.text(path, text.decode() + "\n", "data", mode="0600")


def _cluster_objects(desired: Desired, nodes: tuple[Node, ...], host_key: str) -> ClusterObjects:
    key = desired.cluster.key
    mine = [x for owner in (f"cluster/{key}", f"host/{host_key}") for x in desired.leases_by_owner.get(owner, ())]
    return ClusterObjects(
        cluster=desired.cluster,
        network=desired.network.definition,
        pool_networks=tuple(network.definition for network in desired.networks[1:]),
        nodes=nodes,
        # which of the clusters that share a host has its address recorded is of no interest to it
        leases=tuple(msgspec.structs.replace(lease, cluster=key) for lease in mine),
        router_id=desired.router_id,
    )
