"""Evidence of a drill, failover or failback: as a document, signed, and as a page to read."""

from portinfra.present.evidence.document import evidence_document
from portinfra.present.evidence.page import report_html
from portinfra.present.evidence.reading import evidence_of, parsed
from portinfra.present.evidence.signing import Verdict, sign, signing_key, verify

__all__ = [
    "Verdict",
    "evidence_document",
    "evidence_of",
    "parsed",
    "report_html",
    "sign",
    "signing_key",
    "verify",
]
