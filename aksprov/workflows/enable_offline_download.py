"""enable-offline-download: which bundle is used where none is named."""

from __future__ import annotations

from pathlib import Path

from aksprov.errors import NotFoundError
from aksprov.model.offline_bundle import BundleKey, OfflineDownload
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.state import open_store
from aksprov.workflows.offline_bundle.default import download_objects
from aksprov.workflows.offline_bundle.hashes import Hashes
from aksprov.workflows.offline_bundle.keys import trust
from aksprov.workflows.offline_bundle.read import open_offline_bundle
from aksprov.workflows.offline_bundle.signature import fingerprint, parse_public_key, public_text
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Verify the bundle if it is there, then record it and the key.

    Raises:
        DefinitionError: TrustKeyInvalid, or what is wrong with the bundle.
        NotFoundError: BundleNotFound, it is said to be there.
        StateError, BusyError: the state cannot be used or made.
    """
    folder = Path(request.need("stagingShare")).expanduser().absolute()
    completed, given = request.flag("offsiteTransferCompleted"), request.text("trustKey")
    store = open_store(session.state_url)
    trusted = dict(store.snapshot().bundle_keys)
    if given:
        line = public_text(parse_public_key(given))
        trusted.setdefault(fingerprint(line), BundleKey(public_key=line, own=False))
    notes: tuple[str, ...] = ()
    try:
        open_offline_bundle(folder, trusted, hashes=Hashes(tell=lambda text: session.events.emit("note", text=text)))
    except NotFoundError:
        if completed:
            raise
        notes = (f"there is no bundle in {folder} yet",)
    if given:
        trust(store, given, own=False)
    with store.write() as transaction:
        recorded = OfflineDownload(staging_share=str(folder), offsite_transfer_completed=completed)
        transaction.put_offline_download(recorded)
    return Outcome(objects=download_objects(store.snapshot()), single=True, notes=notes)
