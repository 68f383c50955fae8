"""The cluster's CA: taken from the first control plane, or made and written there.

As kubeadm makes it (kubernetes/kubernetes: cmd/kubeadm/app/util/pkiutil): RSA-2048, CN and
SAN "kubernetes", ten years.  kubeadm uses an existing pair in /etc/kubernetes/pki as it is.
The key is made in memory and goes to that one host, mode 0600, and nowhere else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from aksprov.errors import HostError
from aksprov.model.transport import Connection

YEARS = 10
_BACKDATE = timedelta(minutes=5)  # kubeadm's own allowance for clocks that differ

# Reads the cluster's key, then "key, then certificate" from standard input.  Both are staged, then
# renamed, the key first; a pair that is there already wins and is printed.  A run that was cut between
# the two renames is finished by the next one, from the staged certificate.  What we make is noted
# before it is made, so that a removal takes it away and nothing else.
WRITE_CA = """
umask 077
pki=/etc/kubernetes/pki
originals=/var/lib/aksprov/originals
read -r cluster
if [ -e "$pki/ca.key" ] && [ ! -e "$pki/ca.crt" ] && [ -e "$pki/.ca.crt.aksprov-new" ]; then
    mv -f "$pki/.ca.crt.aksprov-new" "$pki/ca.crt" || exit 1
fi
if [ -e "$pki/ca.crt" ] && [ -e "$pki/ca.key" ]; then
    cat "$pki/ca.crt"
    exit 0
fi
if [ -e "$pki/ca.crt" ] || [ -e "$pki/ca.key" ]; then
    exit 3
fi
mkdir -p "$originals" || exit 1
for folder in /etc/kubernetes "$pki"; do
    [ -d "$folder" ] || { echo "$folder" >> "$originals/folders" && mkdir -m 0755 "$folder"; } || exit 1
done
: > "$pki/.ca.key.aksprov-new" && : > "$pki/.ca.crt.aksprov-new" || exit 1
part=key
while IFS= read -r line; do
    case $line in *"BEGIN CERTIFICATE"*) part=crt ;; esac
    printf '%s\\n' "$line" >> "$pki/.ca.$part.aksprov-new" || exit 1
done
chmod 0644 "$pki/.ca.crt.aksprov-new" || exit 1
sum=$(sha256sum < "$pki/.ca.crt.aksprov-new") && echo "${sum%% *} $cluster" > "$originals/ca" || exit 1
sync "$originals/ca" "$pki/.ca.key.aksprov-new" "$pki/.ca.crt.aksprov-new" || exit 1
mv -f "$pki/.ca.key.aksprov-new" "$pki/ca.key" || exit 1
mv -f "$pki/.ca.crt.aksprov-new" "$pki/ca.crt" || exit 1
sync "$pki"
cat "$pki/ca.crt"
"""


def make_pair(now: datetime) -> tuple[bytes, bytes]:
    """A new CA: (private key, certificate), both PEM.

    Args:
        now: current time, UTC.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        key_cert_sign=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("kubernetes")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


async def take_or_make(connection: Connection, cluster: str, now: datetime) -> str:
    """The CA certificate (PEM) of the first control plane, made there when it has none.

    Args:
        cluster: key of the cluster that it is made for.
        now: current time, UTC.

    Raises:
        HostError: CaNotWritten, or what the connection raises.
    """
    key, certificate = make_pair(now)
    answer = await connection.run(WRITE_CA, stdin=f"{cluster}\n".encode() + key + certificate)
    if answer.status != 0:
        half = answer.status == 3
        raise HostError(
            "CaNotWritten",
            "the cluster's CA could not be written",
            where=f"host {connection.host.name}: /etc/kubernetes/pki",
            why="only one of ca.crt and ca.key is there" if half else answer.stderr.decode(errors="replace").strip(),
            fix="put the missing file back, or move the other away" if half else "free or repair that file system",
        )
    return answer.stdout.decode()
