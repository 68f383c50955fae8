"""get-offline-download: the recorded default bundle."""

from __future__ import annotations

from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.offline_bundle.default import download_objects
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """What is recorded, and what its manifest says; its files are not read."""
    return Outcome(objects=download_objects(open_store(session.state_url).snapshot()))
