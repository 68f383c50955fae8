"""What nodes join with: a token that lives for minutes, and a key for the control plane's certificates.

Both are made by the controller and travel by standard input; no command line and no record has them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import string

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from aksprov.errors import HostError
from aksprov.model.base import Value
from aksprov.model.transport import Connection
from aksprov.workflows.bring_up.kubectl import kubectl
from aksprov.workflows.bring_up.long_step import redacted
from aksprov.workflows.bring_up.scripts import script

MINUTES = 30
_OURS = "app.kubernetes.io/managed-by=aksprov"
_LETTERS = string.ascii_lowercase + string.digits


class JoinSecrets(Value, frozen=True, kw_only=True):
    """Secret late values of one run.

    Args:
        token: "ID.SECRET" (Kubernetes' bootstrap tokens); the first half is no secret.
        certificate_key: 32 bytes, hexadecimal; "" where no further control plane joins.
    """

    token: str
    certificate_key: str = ""

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no error may show."""
        return tuple(text for text in (self.token, self.token.partition(".")[2], self.certificate_key) if text)


def make_secrets(*, control_planes: bool) -> JoinSecrets:
    """New ones, of the controller's own randomness."""
    token = (
        "".join(secrets.choice(_LETTERS) for _ in range(6)) + "." + "".join(secrets.choice(_LETTERS) for _ in range(16))
    )
    return JoinSecrets(token=token, certificate_key=secrets.token_hex(32) if control_planes else "")


async def give_out(connection: Connection, address: str, values: JoinSecrets) -> None:
    """Make the token known to the cluster, and its certificates ready for further control planes.

    Raises:
        HostError: JoinSecretsRefused, KubectlFailed, or what the connection raises.
    """
    now = await connection.run(f"date -u -d @$(($(date +%s) + {MINUTES * 60})) +%Y-%m-%dT%H:%M:%SZ")
    identifier, _, secret = values.token.partition(".")
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"bootstrap-token-{identifier}",
            "namespace": "kube-system",
            "labels": dict([_OURS.split("=")]),
        },
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": identifier,
            "token-secret": secret,
            "expiration": now.stdout.decode().strip(),
            "usage-bootstrap-authentication": "true",
            "usage-bootstrap-signing": "true",
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
        },
    }
    await kubectl(connection, address, "create -f -", json.dumps(document), hide=values.hidden)
    if not values.certificate_key:
        return
    line = f"certificateKey: {json.dumps(values.certificate_key)}\n"
    answer = await connection.run(script("upload", values={"address": address}), stdin=line.encode())
    if answer.status != 0:
        raise HostError(
            "JoinSecretsRefused",
            "the control plane's certificates could not be made ready for others",
            where=f"host {connection.host.name}",
            why=redacted(answer.stderr.decode(errors="replace"), values.hidden).strip()[-500:],
            fix="look whether the API server on this host answers, then run the same command again",
        )


async def take_back(connection: Connection, address: str) -> None:
    """Delete tokens, those of runs that were killed too, and the uploaded certificates.

    Raises:
        HostError: KubectlFailed, or what the connection raises.
    """
    await kubectl(connection, address, f"-n kube-system delete secret -l {_OURS}")
    await kubectl(connection, address, "-n kube-system delete secret --ignore-not-found kubeadm-certs")


def completion(values: JoinSecrets, certificate: str, *, control_plane: bool) -> str:
    """What completes a JoinConfiguration: token and SHA-256 of the CA's public key; before them a control plane's key.

    Args:
        certificate: of the cluster's CA, PEM.
    """
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    first = f'  certificateKey: "{values.certificate_key}"\n' if control_plane else ""
    return f'{first}    token: "{values.token}"\n    caCertHashes: ["sha256:{digest}"]\n'
