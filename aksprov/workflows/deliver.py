"""One host is sent what its plan says, with every step of it in the journal before and after."""

from __future__ import annotations

import hashlib

import msgspec

from aksprov.errors import HostError
from aksprov.model.plan import HostPlan
from aksprov.model.transport import Connection, Delivery, StepResult
from aksprov.planning.late import CA
from aksprov.planning.removal import END_KUBERNETES
from aksprov.state import Entry, StepWriter
from aksprov.workflows.session import Session


async def deliver(
    connection: Connection, delivery: Delivery, change: HostPlan, session: Session, journal: StepWriter
) -> None:
    """Put one bundle.

    Raises:
        HostError: what the connection raises; the steps are in the journal as failed.
        RunFencedError: RunFenced, another run took the host over.
    """
    key = connection.host.key
    digest = hashlib.sha256(msgspec.json.encode(delivery.manifest.bundle + ",".join(delivery.steps))).hexdigest()
    steps = [s.id for s in change.steps if s.id not in (CA, END_KUBERNETES)]

    def entry(ended: StepResult) -> Entry:
        return Entry(host=key, step=ended.step, input_hash=digest, result=ended.result, details=ended.details)

    await journal.started(key, steps, digest)
    for step in steps:
        session.events.emit("step.started", host=key, step=step)
    try:
        receipt = await connection.put_bundle(delivery)
    except HostError as error:
        await journal.write([entry(StepResult(step=step, result="failed", details=error.code)) for step in steps])
        raise
    results = {r.step: r for r in receipt.steps}
    ends = [results.get(step, StepResult(step=step, result="done")) for step in steps]
    await journal.write([entry(ended) for ended in ends])
    for ended in ends:
        session.events.emit("step.finished", host=key, step=ended.step, text=ended.details)
