"""Every verb, and how one is found by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aksprov.cmdlets import (
    cluster,
    credential,
    data,
    host,
    load_balancer,
    module,
    network,
    network_plugin,
    node_pool,
    offline_bundle,
    plan,
    set_cluster,
    state,
)
from aksprov.cmdlets.declaration import Verb

TOPICS: dict[str, str] = {
    "Networks": "address pools that clusters live on",
    "Hosts": "the machines of the inventory",
    "Clusters": "control plane, load balancers and node pools on hosts",
    "Node pools": "workers of clusters that are there",
    "Offline bundles": "what hosts need where there is no internet",
    "Plans": "what was written down before",
    "State": "what is recorded of all this, and which run may change what",
    "Settings": "objects to pass on, and what can be asked for",
}
VERBS: tuple[Verb, ...] = (
    *network.VERBS,
    *host.VERBS,
    *cluster.VERBS,
    *set_cluster.VERBS,
    *credential.VERBS,
    *node_pool.VERBS,
    *offline_bundle.VERBS,
    *plan.VERBS,
    *state.VERBS,
    *load_balancer.VERBS,
    *network_plugin.VERBS,
    *data.VERBS,
    *module.VERBS,
)


def one_word(words: Sequence[str]) -> Sequence[str]:
    """The command line with "state backup" as "state-backup": those verbs are given in two words as well."""
    joined = "-".join(words[:2])
    is_verb = len(words) > 1 and words[0].lower() == "state" and find_verb(joined) is not None
    return [joined, *words[2:]] if is_verb else words


def find_verb(word: str) -> Verb | None:
    """The verb of that command name or cmdlet name, in any case; None when there is none.

    A web page may have put another dash into the cmdlet's name, and a script the module's name before it.
    """
    name = re.sub("[\u2013\u2014\u2015]", "-", word.lower()).removeprefix("akshci\\")
    for verb in VERBS:
        if name in (verb.name, verb.cmdlet.lower(), *map(str.lower, verb.older_names)):
            return verb
    return None
