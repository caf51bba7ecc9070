"""Evidence of a drill, failover or failback: as a document, signed, and as a page to read."""

from portinfra.render.evidence.document import evidence_document
from portinfra.render.evidence.page import report_html
from portinfra.render.evidence.reading import evidence_of, parsed
from portinfra.render.evidence.signing import Verdict, sign, signing_key, verify

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
