"""test-cluster: look at a cluster's hosts from inside and from one another."""

from __future__ import annotations

import asyncio

import msgspec

from aksprov.checks.failover import PUT_BACK_SECONDS, Failover, obstacles
from aksprov.errors import ExitCode, HostError, NotAvailableError
from aksprov.model.cluster import Cluster
from aksprov.model.desired import Desired
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.rendering.templates import Templates
from aksprov.rollout.runner import Fleet
from aksprov.state import Store, open_store
from aksprov.state.process import this_holder
from aksprov.workflows.cluster_apply import exit_code_of, verify_cluster
from aksprov.workflows.cluster_plan import failure_rows, look, rendered
from aksprov.workflows.confirm import confirmed
from aksprov.workflows.contact import contact
from aksprov.workflows.get_cluster import find_cluster
from aksprov.workflows.run_lease import kept_alive
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Rows of every probe; nothing is changed or recorded, save by --failover, which asks first."""
    store = open_store(session.state_url)
    cluster = find_cluster(request.need("name"), store.snapshot())
    if request.flag("failover"):
        _need_a_pair(cluster)
        if not confirmed(request, session, _question(cluster)):
            return Outcome(notes=("nothing was stopped",))
    return asyncio.run(_run(request, session, store, cluster))


def _need_a_pair(cluster: Cluster) -> None:
    if cluster.load_balancer.count < 2:
        raise NotAvailableError(
            "FailoverNeedsPair",
            f"cluster {cluster.name} cannot fail over",
            where=f"cluster {cluster.name}",
            why=f"it has {cluster.load_balancer.count} load balancer, and its VIP could not go anywhere",
            fix="leave --failover out; a cluster with --load-balancer-count 2 can fail over",
        )


def _question(cluster: Cluster) -> str:
    return (
        f"HAProxy, then keepalived, is stopped on the load balancer of {cluster.name} that holds the VIP, and started "
        f"again at once, at the latest by a timer there after {PUT_BACK_SECONDS} s.\n"
        "Connections to the API server break. Go on?"
    )


async def _run(request: Request, session: Session, store: Store, cluster: Cluster) -> Outcome:
    snapshot = store.snapshot()
    network = snapshot.networks[cluster.network.lower()]
    async with Fleet(snapshot.hosts, contact(session, store), session.events) as fleet:
        picture = await look(request.verb, cluster, network, snapshot, fleet, rendered(Templates.load()), offline=False)
        rows = (*picture.rows, *await verify_cluster(picture, fleet, picture.late), *failure_rows(fleet, cluster.name))
        outcome = Outcome(rows=rows, exit_code=exit_code_of(fleet, rows))
        if not request.flag("failover"):
            return outcome
        reasons = obstacles(picture.desired, rows, fleet.failures)
        if reasons:
            error = _not_healthy(cluster, reasons)
            return msgspec.structs.replace(outcome, error=error, exit_code=error.exit_code)
        return await _fail_over(session, store, picture.desired, fleet, outcome)


def _not_healthy(cluster: Cluster, reasons: tuple[str, ...]) -> HostError:
    return HostError(
        "FailoverRefused",
        "nothing was stopped: the load balancers are not as they should be",
        where=f"cluster {cluster.name}",
        why="; ".join(reasons),
        fix="put that right first, as its row says",
    )


async def _fail_over(session: Session, store: Store, desired: Desired, fleet: Fleet, outcome: Outcome) -> Outcome:
    """The probe, with the load balancers held as by any run that changes hosts."""
    owner, balancers = f"cluster/{desired.cluster.name}", [n.host for n in desired.by_role("load-balancer")]
    with store.write() as transaction:
        run = transaction.runs.begin("test-cluster", [owner], "failover", "")
        epochs = transaction.host_leases.take(balancers, this_holder(run), session.lease_terms)
    async with kept_alive(store, epochs, session.lease_terms):
        rows = await Failover(desired, fleet.connections, lambda text: session.events.emit("note", text=text)).rows()
        bad = any(row.test_result != "Passed" for row in rows)
        with store.write(epochs) as transaction:
            transaction.runs.finish(run, "failed" if bad else "done")
    code = ExitCode.FAILED if bad else outcome.exit_code
    return msgspec.structs.replace(outcome, rows=(*outcome.rows, *rows), exit_code=code)
