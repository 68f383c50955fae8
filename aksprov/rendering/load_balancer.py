"""Files of the load balancers: HAProxy for the API server, keepalived for its VIP.

Sources: the configuration manuals of HAProxy 2.6 and 3.0, keepalived.conf(5) of 2.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aksprov.errors import DefinitionError
from aksprov.model.base import Value
from aksprov.model.bundle import BundleFile, Listen
from aksprov.model.cluster import Node
from aksprov.model.derived import API_PORT, HAPROXY_SOCKET, apiserver_backend, apiserver_frontend, ca_file, endpoint
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer
from aksprov.rendering.templates import Templates

_INTERFACE_NAME_LIMIT = 15  # Linux: IFNAMSIZ is 16 with the closing NUL
_HIGHEST_PRIORITY = 254  # VRRP (RFC 5798, 5.2.4): 255 is the owner of the address, nobody owns a VIP


class Balanced(Value, frozen=True, kw_only=True):
    """A cluster on one of its load balancers.

    Args:
        certificate: of its CA; None where it is not known yet.
        late: the late value that it is, "" for another cluster's: that one's is known.
    """

    desired: Desired
    node: Node
    certificate: str | None
    late: str

    @property
    def key(self) -> str:
        """The cluster's key."""
        return self.desired.cluster.key


def balanced(desired: Desired, node: Node, late: Mapping[str, str]) -> tuple[Balanced, ...]:
    """The clusters that one load balancer serves, by key: this one, and those that share it."""
    found = [Balanced(desired=desired, node=node, certificate=late.get("ca"), late="ca")]
    for neighbour in desired.beside.get(node.host, ()):
        other, theirs = neighbour.desired, neighbour.certificate
        if other is not None and theirs:
            mine = (n for n in other.by_role("load-balancer") if n.host == node.host)
            found += [Balanced(desired=other, node=n, certificate=theirs, late="") for n in mine]
    return tuple(sorted(found, key=lambda one: one.key))


def load_balancer_files(clusters: Sequence[Balanced], templates: Templates) -> Iterator[BundleFile]:
    """What a load balancer gets; a file of all its clusters counts as the first one's.

    Raises:
        DefinitionError: RenderUnsafe.
    """
    render = Renderer(templates, clusters[0].key)
    # See the nodes' file: the last one by name wins.
    yield render.file("/etc/sysctl.d/99-zz-aksprov-load-balancer.conf", "haproxy/sysctl.conf.sysctl.j2", "sysctl", {})
    for one in clusters:
        # Not in /etc/haproxy itself, where a package may add files; not secret.
        yield BundleFile(path=ca_file(one.key), content=one.certificate, late=one.late, reader="named", cluster=one.key)
        # Beside its reader; keepalived refuses a script that others than root could change.
        yield Renderer(templates, one.key).file(
            _check_script(one),
            "keepalived/check-listener.sh.j2",
            "named",
            {"endpoint": endpoint(one.desired.vip, API_PORT)},
            mode="0755",
        )
    # The files that the packages' units read.
    proxy = {"admin_socket": HAPROXY_SOCKET, "clusters": [_proxied(one) for one in clusters]}
    yield render.file("/etc/haproxy/haproxy.cfg", "haproxy/haproxy.cfg.haproxy.j2", "haproxy", proxy)
    held = {"router": clusters[0].node.name, "clusters": [_held(one) for one in clusters]}
    yield render.file("/etc/keepalived/keepalived.conf", "keepalived/keepalived.conf.keepalived.j2", "keepalived", held)


def load_balancer_listens(clusters: Sequence[Balanced]) -> Iterator[Listen]:
    """The sockets that must be there after a reload."""
    for one in clusters:
        yield Listen(unit="haproxy", address=one.desired.vip, port=API_PORT)


def _proxied(one: Balanced) -> dict[str, object]:
    """What HAProxy does for one cluster."""
    planes = one.desired.by_role("control-plane")
    return {
        "frontend": apiserver_frontend(one.key),
        "backend": apiserver_backend(one.key),
        "endpoint": endpoint(one.desired.vip, API_PORT),
        "ca_file": ca_file(one.key),
        "servers": [{"name": n.name, "endpoint": endpoint(n.address, API_PORT)} for n in planes],
    }


def _held(one: Balanced) -> dict[str, object]:
    """What keepalived does for one cluster."""
    node = one.node
    _check_interface(node)
    return {
        "node": node,
        "instance": f"vi_{one.key}",
        "check": f"chk_{one.key}",
        "check_script": _check_script(one),
        "router_id": one.desired.router_id,
        "priority": max(1, _HIGHEST_PRIORITY - node.index),
        "peers": [n for n in one.desired.by_role("load-balancer") if n.host != node.host],
        "vip": one.desired.vip,
    }


def _check_script(one: Balanced) -> str:
    return f"/etc/keepalived/aksprov-check-{one.key}"


def _check_interface(node: Node) -> None:
    if len(node.interface) > _INTERFACE_NAME_LIMIT:
        raise DefinitionError(
            "RenderUnsafe",
            f"{node.interface!r} cannot be the interface of host {node.host}",
            where=f"host {node.host}: interfaces",
            why=f"the kernel's names of interfaces have at most {_INTERFACE_NAME_LIMIT} characters",
            fix="give the name that `ip link` shows first, not an altname",
        )
