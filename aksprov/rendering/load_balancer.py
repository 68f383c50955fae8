"""Files of the load balancers: HAProxy for the API server, keepalived for its VIP.

Sources: the configuration manuals of HAProxy 2.6 and 3.0, keepalived.conf(5) of 2.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aksprov.errors import DefinitionError
from aksprov.model.bundle import BundleFile, Listen
from aksprov.model.cluster import Node
from aksprov.model.derived import API_PORT, HAPROXY_SOCKET, apiserver_backend, apiserver_frontend, ca_file, endpoint
from aksprov.model.desired import Desired
from aksprov.rendering.files import Renderer

_INTERFACE_NAME_LIMIT = 15  # Linux: IFNAMSIZ is 16 with the closing NUL
_HIGHEST_PRIORITY = 254  # VRRP (RFC 5798, 5.2.4): 255 is the owner of the address, nobody owns a VIP


def load_balancer_files(
    desired: Desired, node: Node, late: Mapping[str, str], render: Renderer
) -> Iterator[BundleFile]:
    """What a load balancer gets.

    Raises:
        DefinitionError: RenderUnsafe.
    """
    # See the nodes' file: the last one by name wins.
    yield render.file("/etc/sysctl.d/99-zz-aksprov-load-balancer.conf", "haproxy/sysctl.conf.sysctl.j2", "sysctl", {})
    # Not in /etc/haproxy itself, where a package may add files; not secret.
    yield BundleFile(
        path=ca_file(render.cluster), content=late.get("ca"), late="ca", reader="named", cluster=render.cluster
    )
    yield _haproxy(desired, render)
    yield from _keepalived(desired, node, render)


def load_balancer_listens(desired: Desired) -> Iterator[Listen]:
    """The sockets that must be there after a reload."""
    yield Listen(unit="haproxy", address=desired.vip, port=API_PORT)


def _haproxy(desired: Desired, render: Renderer) -> BundleFile:
    values = {
        "admin_socket": HAPROXY_SOCKET,
        "frontend": apiserver_frontend(render.cluster),
        "backend": apiserver_backend(render.cluster),
        "endpoint": endpoint(desired.vip, API_PORT),
        "ca_file": ca_file(render.cluster),
        "servers": [
            {"name": n.name, "endpoint": endpoint(n.address, API_PORT)} for n in desired.by_role("control-plane")
        ],
    }
    # The file that the package's unit reads.
    return render.file("/etc/haproxy/haproxy.cfg", "haproxy/haproxy.cfg.haproxy.j2", "haproxy", values)


def _keepalived(desired: Desired, node: Node, render: Renderer) -> Iterator[BundleFile]:
    _check_interface(node)
    # Beside its reader; keepalived refuses a script that others than root could change.
    script = f"/etc/keepalived/aksprov-check-{render.cluster}"
    yield render.file(
        script,
        "keepalived/check-listener.sh.j2",
        "named",
        {"endpoint": endpoint(desired.vip, API_PORT)},
        mode="0755",
    )
    values = {
        "node": node,
        "instance": f"vi_{render.cluster}",
        "check": f"chk_{render.cluster}",
        "check_script": script,
        "router_id": desired.router_id,
        "priority": max(1, _HIGHEST_PRIORITY - node.index),
        "peers": [n for n in desired.by_role("load-balancer") if n.host != node.host],
        "vip": desired.vip,
    }
    # The file that the package's unit reads.
    yield render.file(
        "/etc/keepalived/keepalived.conf", "keepalived/keepalived.conf.keepalived.j2", "keepalived", values
    )


def _check_interface(node: Node) -> None:
    if len(node.interface) > _INTERFACE_NAME_LIMIT:
        raise DefinitionError(
            "RenderUnsafe",
            f"{node.interface!r} cannot be the interface of host {node.host}",
            where=f"host {node.host}: interfaces",
            why=f"the kernel's names of interfaces have at most {_INTERFACE_NAME_LIMIT} characters",
            fix="give the name that `ip link` shows first, not an altname",
        )
