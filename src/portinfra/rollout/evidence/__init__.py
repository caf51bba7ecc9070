"""Evidence of a run: a document that portinfra signs, saves and reads."""

from portinfra.model.plain import Document
from portinfra.rollout.evidence.parsing import parse, read_value
from portinfra.rollout.evidence.signing import Verdict, digest_of, document_of, sign, signing_key, verify
from portinfra.rollout.evidence.store import EvidenceStore, open_store

__all__ = [
    "Document",
    "EvidenceStore",
    "Verdict",
    "digest_of",
    "document_of",
    "open_store",
    "parse",
    "read_value",
    "sign",
    "signing_key",
    "verify",
]
