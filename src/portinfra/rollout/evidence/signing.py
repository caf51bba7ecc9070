"""The signature of evidence with Ed25519, which shows every later change.

The signature is over the canonical form of the document: UTF-8, sorted keys, no spaces. The field `signed`
has the signature and the public key.
"""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from attrs import AttrsInstance, asdict, evolve
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from portinfra.errors import PortinfraError
from portinfra.model.arguments import check_types
from portinfra.model.plain import Document, JsonObject
from portinfra.value import frozen

SIGNED = "signed"


@frozen
class Verdict:
    """The result of the verification of evidence."""

    found: Literal["good", "altered", "unsigned", "another key", "unknown signer"]
    signer: str = ""
    """The public key that the evidence names, in base64."""

    @property
    def fingerprint(self) -> str:
        """The first 16 characters of that key."""
        return self.signer[:16]

    @property
    def good(self) -> bool:
        """Whether it is as it was signed, with a trusted key."""
        return self.found == "good"

    @property
    def is_intact(self) -> bool:
        """Whether it is as it was signed, with any key. Everyone can make a key and sign with it."""
        return self.found in ("good", "another key", "unknown signer")

    @property
    def sentence(self) -> str:
        """The verdict as one line for a person."""
        return {
            "good": f"Signature valid: unchanged since it was signed with key {self.fingerprint}.",
            "altered": "ALTERED: it is not as it was signed.",
            "unsigned": "It is not signed.",
            "another key": f"It was signed with another key, {self.fingerprint}.",
            "unknown signer": f"Unknown signer {self.signer}: everyone can make a key and sign with it.",
        }[self.found]


@check_types
def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key of a file. If there is none, create one, with its public key as `.pub` beside.

    Raises PortinfraError for a key that other users may read, or a file that is no key.
    """
    public = path.with_suffix(".pub")
    if public == path:
        raise PortinfraError(
            f"{path} has the name of a public key", fix="Give the private key another name: key.pem."
        )
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise PortinfraError(f"other users may read the key {path}", fix=f"Run: chmod 600 {path}")
    key = _private(path)
    if not public.exists():
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key


@check_types
def sign(document: Document, key: Ed25519PrivateKey) -> Document:
    """Return the document with its signature."""
    signature = key.sign(_canonical(document))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {**_without_seal(document), SIGNED: _seal(public, signature)}


@check_types
def verify(document: JsonObject, public: bytes | None = None, signers: Collection[str] = ()) -> Verdict:
    """Return whether a document is as it was signed, with `public` (PEM) or with one of `signers` (base64).

    Without any of them, the best verdict is "unknown signer".
    """
    verdict = _read_seal(document)
    if verdict.found != "unknown signer":
        return verdict
    if public is not None and verdict.signer == _text(_public_raw(public)):
        return evolve(verdict, found="good")
    if verdict.signer in signers:
        return evolve(verdict, found="good")
    return verdict if public is None else evolve(verdict, found="another key")


def digest_of(document: JsonObject) -> str:
    """Return the SHA-256 of a document without its signature, in hex digits."""
    return hashlib.sha256(_canonical(document)).hexdigest()


def _read_seal(document: JsonObject) -> Verdict:
    """Return the verdict about a document before any key is trusted."""
    signed = document.get(SIGNED)
    if not isinstance(signed, Mapping):
        return Verdict("unsigned")
    try:
        raw = base64.b64decode(str(signed.get("public_key")), validate=True)
        signature = base64.b64decode(str(signed.get("signature")), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        return Verdict("altered")
    if signed != _seal(
        raw, signature
    ):  # the signature does not cover the seal, so the seal has one form only
        return Verdict("altered", _text(raw))
    try:
        key.verify(signature, _canonical(document))
    except InvalidSignature:
        return Verdict("altered", _text(raw))
    return Verdict("unknown signer", _text(raw))


def _make_key(path: Path) -> None:
    """Create a key as a whole or not at all. If another run created one first, that key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".key-") as file:  # of mode 0600
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as error:
        raise PortinfraError(
            f"the key {path} needs a passphrase",
            fix="Move it away: portinfra makes a key without one in its place.",
        ) from error
    except ValueError as error:
        raise PortinfraError(
            f"{path} is not a private key", fix="Move it away: portinfra makes a new one in its place."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PortinfraError(
            f"{path} is not an Ed25519 key", fix="Move it away: portinfra makes a new one in its place."
        )
    return key


def _public_raw(pem: bytes) -> bytes:
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise PortinfraError(
            "the given key is not a public key", fix="Name the .pub file of the signer."
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise PortinfraError("the given key is not an Ed25519 key", fix="Name the .pub file of the signer.")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _canonical(document: JsonObject) -> bytes:
    plain = json.dumps(_without_seal(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return plain.encode(errors="surrogatepass")  # a wrong character in the document must not stop `verify`


def _seal(public: bytes, signature: bytes) -> Document:
    return {"by": "ed25519", "public_key": _text(public), "signature": _text(signature)}


def _without_seal(document: JsonObject) -> Document:
    return {name: value for name, value in document.items() if name != SIGNED}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def document_of(schema: str, value: AttrsInstance) -> Document:
    """Return every field of a value, by its name. Characters that are not UTF-8 become `?`."""
    return {"schema": schema, **asdict(value, value_serializer=_as_text)}


def _as_text(instance: object, attribute: object, value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a hook may print anything, also half a character
    return [_as_text(instance, attribute, one) for one in value] if isinstance(value, tuple) else value
