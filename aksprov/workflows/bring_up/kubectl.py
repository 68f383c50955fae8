"""kubectl on a control plane, against its own API server and no proxy: the VIP is for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aksprov.errors import HostError
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.long_step import redacted

# not in the home of root, which is nothing of ours; it goes with Kubernetes (scripts/leave.sh)
_CACHE: Final = "/run/aksprov/kubectl"


async def kubectl(
    connection: Connection, address: str, arguments: str, stdin: str = "", *, hide: Iterable[str] = ()
) -> str:
    """What kubectl printed, run with the administrator's configuration, which stays on the host.

    Args:
        address: of the control plane that the connection leads to.
        arguments: fixed words of ours; names and values of users go by ``stdin``.
        hide: texts that no error may show.

    Raises:
        HostError: KubectlFailed, or what the connection raises.
    """
    server = f"--kubeconfig /etc/kubernetes/admin.conf --server https://{address}:6443"
    return await run_kubectl(connection, server, arguments, stdin, hide=hide)


async def run_kubectl(
    connection: Connection, server: str, arguments: str, stdin: str, *, hide: Iterable[str] = ()
) -> str:
    """What kubectl printed, asking whom the flags ``server`` say; otherwise as :func:`kubectl`."""
    script = f"no_proxy='*' NO_PROXY='*' exec kubectl --cache-dir {_CACHE} {server} --request-timeout 20s {arguments}"
    answer = await connection.run(script, stdin=stdin.encode())
    if answer.status != 0:
        raise HostError(
            "KubectlFailed",
            f"kubectl {arguments.partition(' ')[0]} failed",
            where=f"host {connection.host.name}",
            why=redacted(answer.stderr.decode(errors="replace"), hide).strip()[-500:],
            fix="see that the API server answers there (crictl ps -a), then run the same command again",
        )
    return answer.stdout.decode(errors="replace")
