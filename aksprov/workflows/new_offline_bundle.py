"""new-offline-bundle: a signed folder of what hosts lack, from a plain one."""

from __future__ import annotations

from pathlib import Path

from aksprov.cmdlets.versions import resolve_version
from aksprov.model.offline_bundle import BUNDLE_SCHEMA, OfflineBundle
from aksprov.model.outcome import Outcome
from aksprov.model.request import Request
from aksprov.secrets import parse_reference
from aksprov.state import open_store
from aksprov.workflows.offline_bundle.hashes import Hashes
from aksprov.workflows.offline_bundle.images import base_name
from aksprov.workflows.offline_bundle.keys import signing_key, trust
from aksprov.workflows.offline_bundle.signature import fingerprint, public_text
from aksprov.workflows.offline_bundle.source import read_source
from aksprov.workflows.offline_bundle.write import check_place, write_bundle
from aksprov.workflows.session import Session


def run(request: Request, session: Session) -> Outcome:
    """Read the folder, sign, and put the bundle in its place; nothing changes where it is there already.

    Raises:
        DefinitionError: KubernetesVersionInvalid, VersionNotAvailable, BundleFolderTaken, BundleSourceRefused,
            BundleSourceIncomplete, BundleSourceChanged, BundleNotWritten, SigningKeyNeeded, SigningKeyInvalid,
            SecretReferenceInvalid.
        NotFoundError: BundleSourceNotFound.
        HostAuthError: SecretMissing, SecretExposed, SecretUnusable.
        StateError, BusyError: the state cannot be used or made.
    """
    version = resolve_version(request.need("kubernetesVersion"))
    source, target = (Path(request.need(name)).expanduser().absolute() for name in ("folder", "outputDir"))
    if reference := request.text("signingKey"):
        parse_reference(reference, where="signingKey")
    store = open_store(session.state_url)
    store.snapshot()  # one that cannot be used is said before anything large is read

    def tell(text: str) -> None:
        session.events.emit("note", text=text)

    check_place(source, target)
    hashes = Hashes(tell=tell)
    bundle = OfflineBundle(schema=BUNDLE_SCHEMA, kubernetes_version=version, files=read_source(source, version, hashes))
    key = signing_key(reference, store, session)
    public = public_text(key.public_key())
    trust(store, public, own=True)
    written = write_bundle(source, target, bundle, key, hashes, tell)
    return Outcome(
        objects=(_view(target, bundle, public),),
        single=True,
        notes=(*(() if written else ("nothing to change",)), *_remarks(bundle)),
    )


def _view(target: Path, bundle: OfflineBundle, public: str) -> dict[str, object]:
    return {
        "Path": str(target),
        "KubernetesVersion": bundle.kubernetes_version,
        "Files": len(bundle.files),
        "SizeMB": round(sum(file.size for file in bundle.files) / 1e6),
        "Images": sorted({image for file in bundle.files for image in file.images}),
        "Fingerprint": fingerprint(public),
        "PublicKey": public,
    }


def _remarks(bundle: OfflineBundle) -> tuple[str, ...]:
    images = {base_name(image) for file in bundle.files for image in file.images if file.os == "linux"}
    if images and "coredns" not in images:
        return ("it has no image of CoreDNS: clusters need --node-settings with skipAddons: [coredns], or pull it",)
    return ()
