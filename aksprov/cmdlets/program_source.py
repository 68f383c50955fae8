"""Parameters that say where the programs of a cluster's hosts come from."""

from __future__ import annotations

from aksprov.cmdlets.declaration import Parameter

_GROUP = "Programs"

PROGRAM_PARAMETERS = (
    Parameter(
        name="programSource",
        placeholder="SOURCE",
        group=_GROUP,
        ours=True,
        allowed=("preinstalled", "packages", "bundle"),
        help="Where hosts have containerd, Kubernetes, HAProxy and keepalived from: they are there already (so when it "
        "is left out), package repositories (not on Windows), or an offline bundle. Each run may say it anew.",
        example="packages",
    ),
    Parameter(
        name="offlineBundle",
        placeholder="FOLDER",
        group=_GROUP,
        ours=True,
        help="Folder of the offline bundle that new-offline-bundle made; short for --program-source bundle with it.",
        example="bundle",
    ),
    Parameter(
        name="offlineBundleUrl",
        placeholder="URL",
        group=_GROUP,
        ours=True,
        help="Folder with the bundle's files on an HTTP server of the site, from which Windows hosts get them; pushed "
        "when it is left out.",
        example="http://files.shop17.example/bundle",
    ),
    Parameter(
        name="packageSettings",
        kind="object",
        placeholder="OBJECT",
        group=_GROUP,
        ours=True,
        help="Where packages come from: repository (Kubernetes' own when it is left out), keyFile and proxy: "
        "@file.json, or JSON text; short for --program-source packages with it.",
        example="@packages.json",
    ),
)
