"""disable-offline-download: no bundle is used any more where none is named."""

from __future__ import annotations

from pathlib import Path

from aksprov.errors import DefinitionError
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.offline_bundle.default import default_folder, download_objects
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Forget the default bundle and the keys of others; what was there is printed.

    Raises:
        DefinitionError: OfflineDownloadOfOtherShare.
        StateError, BusyError: the state cannot be used.
    """
    store = open_store(session.state_url)
    snapshot = store.snapshot()
    recorded, given = default_folder(snapshot), request.text("stagingShare")
    if recorded is None:
        return Outcome(notes=(f"nothing to change: no bundle is recorded{f', so not {given}' if given else ''}",))
    if given and Path(given).expanduser().absolute() != recorded:
        raise DefinitionError(
            "OfflineDownloadOfOtherShare",
            "another folder is recorded",
            where=f"stagingShare: {given}",
            why=f"it is {recorded}",
            fix="give that one, or leave --staging-share out",
        )
    with store.write() as transaction:
        transaction.remove_offline_download()
        for name, key in snapshot.bundle_keys.items():
            if not key.own:
                transaction.remove_bundle_key(name)
    return Outcome(objects=download_objects(snapshot))
