"""The HNS network of a cluster's plugin, waited for once a Windows node has joined.

None of our scripts makes one: Calico's node or flanneld does.  The first one of a host takes over its adapter, which
cuts connections for seconds; a connection to Windows bears that by itself, for a minute.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aksprov.checks.ask import ask, until
from aksprov.checks.compile import Answers, Question
from aksprov.checks.verdict import failed, make_row, passed
from aksprov.checks.windows import NO_NETWORK_CURE
from aksprov.model.row import Row
from aksprov.model.transport import Connection

# The plugin's images, which are gigabytes, may have to be pulled first.
NETWORK_SECONDS: Final = 600
PAUSE_SECONDS: Final = 2.0


async def await_network(connection: Connection, network: str, *, cluster: str, seconds: float = NETWORK_SECONDS) -> Row:
    """The row HnsNetworks of a host whose node has joined, Passed as soon as Get-HnsNetwork has the plugin's network.

    Args:
        network: its name as the plugin has it ("Calico", "flannel.4096"); case counts.
        seconds: how long it is waited for.

    Raises:
        HostError: ProbesFailed, or what the connection raises; HostDisconnected when the network stays away.
    """
    question = Question(kind="network")

    def there(answers: Answers) -> bool:
        return any(line.partition(" ")[2] == network for line in answers.get(question, ()))

    deadline = asyncio.get_running_loop().time() + seconds
    answers = await until(there, lambda: ask(connection, question), deadline, pause=PAUSE_SECONDS)
    if there(answers):
        verdict = passed(network)
    else:
        others = ", ".join(line.partition(" ")[2] for line in answers.get(question, ())) or "none"
        said = f"the node has joined, and {network} has not come within {seconds:.0f} s; Get-HnsNetwork has {others}"
        verdict = failed(said, NO_NETWORK_CURE)
    return make_row("HnsNetworks", "Host", verdict, host=connection.host.name, cluster=cluster)
