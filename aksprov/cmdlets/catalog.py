"""Every verb, and how one is found by its name."""

from __future__ import annotations

import re

from aksprov.cmdlets import cluster, data, host, load_balancer, network, network_plugin, plan
from aksprov.cmdlets.declaration import Verb

TOPICS: dict[str, str] = {
    "Networks": "address pools that clusters live on",
    "Hosts": "the machines of the inventory",
    "Clusters": "control plane, load balancers and node pools on hosts",
    "Plans": "what was written down before",
    "Settings": "objects to pass on, and what can be asked for",
}
VERBS: tuple[Verb, ...] = (
    *network.VERBS,
    *host.VERBS,
    *cluster.VERBS,
    *plan.VERBS,
    *load_balancer.VERBS,
    *network_plugin.VERBS,
    *data.VERBS,
)


def find_verb(word: str) -> Verb | None:
    """The verb of that command name or cmdlet name, in any case; None when there is none.

    A web page may have put another dash into the cmdlet's name, and a script the module's name before it.
    """
    name = re.sub("[\u2013\u2014\u2015]", "-", word.lower()).removeprefix("akshci\\")
    for verb in VERBS:
        if name in (verb.name, verb.cmdlet.lower(), *map(str.lower, verb.older_names)):
            return verb
    return None
