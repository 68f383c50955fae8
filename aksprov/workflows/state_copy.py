"""state copy: move to another database, or back to a file, with everything that is recorded."""

from __future__ import annotations

from aksprov.errors import UsageError
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import has_password, open_store
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Copy one moment of the state to where nothing is recorded yet: identity, epochs and journal included.

    Raises:
        DefinitionError: StateNotEmpty.
        HostsLockedError: HostsLocked, a run is going on, which would go on in the old state.
        NotFoundError: StateNotFound, there is nothing to copy.
        StateError: one of the two cannot be used.
        UsageError: PasswordInArgument.
    """
    to = request.need("to")
    if has_password(to):
        raise UsageError(
            "PasswordInArgument",
            "a password on the command line is seen by everybody on this machine",
            where="to",
            why="process lists show arguments",
            fix="leave it out of the URL; give it by PGPASSWORD, ~/.pgpass or a service file, and change it",
        )
    source, target = open_store(session.state_url), open_store(to)
    with source.hold() as content:
        source.check_free(lease.host for lease in source.host_leases())
        target.receive(content)
        found = content.snapshot
    what = f"{len(found.clusters)} clusters, {len(found.networks)} networks, {len(found.hosts)} hosts"
    return Outcome(
        notes=(
            f"state {found.state_id[:12]} ({what}) copied from {source.location} to {target.location}",
            f"set AKSPROV_STATE to {target.location} everywhere and put the old one away: "
            "two states that both go on would give the same addresses out twice",
        )
    )
