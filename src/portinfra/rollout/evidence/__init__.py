"""Evidence of what was done: a document that is signed, and read back."""

from portinfra.rollout.evidence.document import Document, document_of
from portinfra.rollout.evidence.reading import parse, read
from portinfra.rollout.evidence.signing import Verdict, sign, signing_key, verify

__all__ = ["Document", "Verdict", "document_of", "parse", "read", "sign", "signing_key", "verify"]
