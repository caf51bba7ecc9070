"""Evidence as JSON: `portinfra.drill/1`, and `portinfra.failover/1` for a failover or failback."""

from attrs import asdict

from portinfra.model.evidence import Evidence
from portinfra.render.documents import Document

SCHEMAS = {
    "drill": "portinfra.drill/1",
    "failover": "portinfra.failover/1",
    "failback": "portinfra.failover/1",
}


def evidence_document(evidence: Evidence) -> Document:
    """Every field of the evidence, under its own name. What is no text in UTF-8 is shown as `?`."""
    return {"schema": SCHEMAS[evidence.kind], **asdict(evidence, value_serializer=_plain)}


def _plain(instance: object, attribute: object, value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a hook may say anything, also half a character
    return [_plain(instance, attribute, one) for one in value] if isinstance(value, tuple) else value
