"""Content Credentials signed on the spot: a throw-away certificate authority, and manifests of any kind."""

from __future__ import annotations

import datetime
import functools
import io
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SIGNER = "Test Newsroom"
_START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(2124, 1, 1, tzinfo=datetime.UTC)


@functools.cache
def chain() -> tuple[str, str, str]:
    """Make a root and a signing certificate; returns root, chain and private key as PEM."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("Throw-away Root")
    root = (
        _certificate(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(_name(SIGNER), root_name, key, issuer_key=root_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return _pem(root), _pem(leaf) + _pem(root), private


def signed(content: bytes, kind: str = "image/png", *, source: str = "", tool: str = "Test Studio/1.0") -> bytes:
    """Sign a file.

    Args:
        content: The file.
        kind: Its media type.
        source: Last part of the IPTC digital source type of the action that created it; empty for an edit without one.
        tool: Name and version of the software that claims to have made it.
    """
    name, _, version = tool.partition("/")
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + (source or "digitalCreation")}
    manifest = {
        "claim_generator_info": [{"name": name, "version": version or "1"}],
        "title": "test",
        "format": kind,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    _, certificates, private = chain()
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo("es256", certificates.encode(), private.encode(), None)
    with (
        c2pa.Context.from_dict({"verify": {"verify_trust": False}}) as context,
        c2pa.Builder(manifest, context=context) as builder,
        c2pa.Signer.from_info(info) as signer,
    ):
        builder.sign(signer, kind, io.BytesIO(content), out)
    return out.getvalue()


def write_trust_list(path: Path) -> Path:
    """Write the root as a trust list."""
    path.write_text(chain()[0])
    return path


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, SIGNER),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer_key: ec.EllipticCurvePrivateKey | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_START)
        .not_valid_after(_END)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()), critical=False
        )
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
