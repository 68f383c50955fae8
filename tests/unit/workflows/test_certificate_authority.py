"""The CA pair: what it is, and that a real kubeadm takes it as its own."""

from __future__ import annotations

import lzma
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from aksprov.workflows.certificate_authority import make_pair

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_pair_is_what_kubeadm_would_make() -> None:
    """RSA-2048, CN and SAN kubernetes, a CA for ten years, key and certificate of one pair."""
    key_pem, certificate_pem = make_pair(NOW)
    key = serialization.load_pem_private_key(key_pem, password=None)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    assert isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048
    assert key_pem.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=kubernetes"
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes"]
    assert 3649 < (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days < 3655
    assert certificate.not_valid_before_utc < NOW


@pytest.mark.kubernetes
def test_kubeadm_signs_its_certificates_with_the_pair(tmp_path: Path) -> None:
    """kubeadm keeps an existing CA and what it signs is verified by that CA's certificate."""
    kubeadm = _program("kubeadm", tmp_path)
    pki = tmp_path / "pki"
    pki.mkdir()
    key, certificate = make_pair(datetime.now(UTC))
    (pki / "ca.key").write_bytes(key)
    (pki / "ca.crt").write_bytes(certificate)
    done = subprocess.run(
        [kubeadm, "init", "phase", "certs", "apiserver", "--cert-dir", pki, "--kubernetes-version", "v1.20.2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (pki / "ca.crt").read_bytes() == certificate
    authority = x509.load_pem_x509_certificate(certificate)
    signed = x509.load_pem_x509_certificate((pki / "apiserver.crt").read_bytes())
    signed.verify_directly_issued_by(authority)
    assert signed.issuer == authority.subject


def _program(name: str, folder: Path) -> Path:
    packed = next(Path(os.environ["AKSPROV_TEST_KUBERNETES"]).glob(f"*/bin/{name}.xz"))
    program = folder / name
    program.write_bytes(lzma.decompress(packed.read_bytes()))
    program.chmod(0o755)
    return program
