"""Names on a host that are derived from a cluster's: who renders them and who looks for them agree here.

Cluster keys have no ``.`` in them, so the names of two clusters never meet on one load balancer.
"""

from __future__ import annotations

from ipaddress import ip_address

API_PORT = 6443
HAPROXY_SOCKET = "/run/haproxy/admin.sock"


def apiserver_frontend(cluster: str) -> str:
    """HAProxy's frontend on the API server's VIP, by cluster key."""
    return f"fe_{cluster}.kube_apiserver"


def apiserver_backend(cluster: str) -> str:
    """HAProxy's backend with one server per control plane, by cluster key."""
    return f"be_{cluster}.kube_apiserver"


def ca_file(cluster: str) -> str:
    """Where load balancers keep the cluster's CA certificate, by cluster key."""
    return f"/etc/haproxy/aksprov/{cluster}-ca.crt"


def endpoint(address: str, port: int) -> str:
    """``address:port``, an IPv6 address in brackets."""
    return f"[{address}]:{port}" if ip_address(address).version == 6 else f"{address}:{port}"
