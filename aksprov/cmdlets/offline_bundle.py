"""Offline bundles: what hosts lack to become nodes, in a signed folder.

Source of the two cmdlets of AksHci: its reference, Enable- and Disable-AksHciOfflineDownload.
"""

from __future__ import annotations

from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb

_TOPIC = "Offline bundles"
_DOWNLOAD_PROPERTIES: tuple[Property, ...] = (
    Property(name="StagingShare", help="folder of the bundle that is used where none is named"),
    Property(name="OffsiteTransferCompleted", kind="boolean"),
    Property(name="KubernetesVersion", help="of the bundle there; empty while it cannot be used"),
    Property(name="Details", help="why it cannot be used"),
    Property(name="TrustedKeys", kind="texts", help="fingerprints of the keys whose bundles are used"),
)
_DOWNLOAD_COLUMNS = ("StagingShare", "KubernetesVersion", "OffsiteTransferCompleted")
NEW_OFFLINE_BUNDLE = Verb(
    name="new-offline-bundle",
    cmdlet="New-AksprovOfflineBundle",
    topic=_TOPIC,
    synopsis="Make a signed bundle from a folder.",
    parameters=(
        Parameter(
            name="folder",
            placeholder="DIR",
            ours=True,
            mandatory_in=("*",),
            help="Folder with linux/bin, linux/cni, linux/images, linux/packages/node, linux/packages/load-balancer,"
            " windows/bin, windows/cni, windows/images and network-plugin, as far as they are needed.",
            example="downloads",
        ),
        Parameter(
            name="outputDir",
            placeholder="DIR",
            ours=True,
            mandatory_in=("*",),
            help="Folder of the bundle; an older bundle there is replaced.",
            example="bundle",
        ),
        Parameter(
            name="kubernetesVersion",
            placeholder="VERSION",
            ours=True,
            mandatory_in=("*",),
            help="Kubernetes version of the programs and images.",
            example="v1.36.4",
        ),
        Parameter(
            name="signingKey",
            placeholder="REF",
            ours=True,
            help="Where the key is that signs it: env:NAME, file:PATH, keyring:SERVICE/USER or prompt; left out, a file"
            " beside the state, which is made at its first use.",
            example="keyring:aksprov/bundles",
        ),
    ),
    outputs=(
        Property(name="Path"),
        Property(name="KubernetesVersion"),
        Property(name="Files", kind="integer"),
        Property(name="SizeMB", kind="integer"),
        Property(name="Images", kind="texts", help="names with tags that its archives have"),
        Property(name="Fingerprint", help="of the key that signed it"),
        Property(name="PublicKey", help="what others give to --trust-key"),
    ),
    columns=("Path", "KubernetesVersion", "Files", "SizeMB"),
    examples=(
        Example(
            command="aksprov new-offline-bundle --folder downloads --output-dir bundle --kubernetes-version v1.36.4",
            text="Link or copy the files to bundle, list them in bundle/manifest.json and sign that.",
        ),
    ),
)
ENABLE_OFFLINE_DOWNLOAD = Verb(
    name="enable-offline-download",
    cmdlet="Enable-AksHciOfflineDownload",
    topic=_TOPIC,
    synopsis="Make a bundle the default.",
    parameters=(
        Parameter(
            name="stagingShare",
            placeholder="DIR",
            mandatory_in=("*",),
            help="Folder of the bundle.",
            example="/srv/bundle",
        ),
        Parameter(
            name="offsiteTransferCompleted",
            kind="boolean",
            placeholder="BOOLEAN",
            default=False,
            help="The bundle is there: it is verified whole now. Otherwise it may arrive later.",
        ),
        Parameter(
            name="trustKey",
            placeholder="KEY",
            ours=True,
            help="Public key of whoever made the bundle, as new-offline-bundle printed it there.",
            example="'ssh-ed25519 AAAA...'",
        ),
    ),
    outputs=_DOWNLOAD_PROPERTIES,
    columns=_DOWNLOAD_COLUMNS,
    examples=(
        Example(
            command="aksprov enable-offline-download --staging-share /srv/bundle --offsite-transfer-completed true",
            text="Verify the bundle and record it.",
        ),
    ),
)
DISABLE_OFFLINE_DOWNLOAD = Verb(
    name="disable-offline-download",
    cmdlet="Disable-AksHciOfflineDownload",
    topic=_TOPIC,
    synopsis="Have no default bundle.",
    parameters=(
        Parameter(
            name="stagingShare",
            placeholder="DIR",
            help="Only if it is this folder that is recorded.",
            example="/srv/bundle",
        ),
    ),
    outputs=_DOWNLOAD_PROPERTIES,
    columns=_DOWNLOAD_COLUMNS,
    examples=(
        Example(
            command="aksprov disable-offline-download",
            text="The bundle stays where it is; the keys of others are forgotten.",
        ),
    ),
)
GET_OFFLINE_DOWNLOAD = Verb(
    name="get-offline-download",
    cmdlet="Get-AksprovOfflineDownload",
    topic=_TOPIC,
    synopsis="Show the default bundle.",
    outputs=_DOWNLOAD_PROPERTIES,
    columns=_DOWNLOAD_COLUMNS,
    examples=(Example(command="aksprov get-offline-download", text="With the keys whose bundles are used."),),
)
VERBS = (NEW_OFFLINE_BUNDLE, ENABLE_OFFLINE_DOWNLOAD, DISABLE_OFFLINE_DOWNLOAD, GET_OFFLINE_DOWNLOAD)
