"""The machine that we run on, by the same scripts through ``sh``."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from aksprov.errors import HostError
from aksprov.model.facts import Observed
from aksprov.model.host import Host
from aksprov.model.transport import Completed, Delivery, Receipt
from aksprov.transport.agent import Agent, agent_argv
from aksprov.transport.shell import Shell

_CLOSE_SECONDS = 3
