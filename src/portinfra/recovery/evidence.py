"""Evidence as JSON: `portinfra.drill/1`, `portinfra.refresh/1`, and `portinfra.failover/1` for a failover or
failback.
"""

from portinfra.errors import PortinfraError
from portinfra.model.arguments import check_types
from portinfra.model.evidence import Evidence
from portinfra.model.plain import Document, JsonObject
from portinfra.rollout.evidence.parsing import parse, read_value
from portinfra.rollout.evidence.signing import document_of

SCHEMAS = {
    "drill": "portinfra.drill/1",
    "failover": "portinfra.failover/1",
    "failback": "portinfra.failover/1",
    "refresh": "portinfra.refresh/1",
}
FIX = "Name the JSON file that a drill, failover, failback or refresh wrote."


@check_types
def evidence_document(evidence: Evidence) -> Document:
    """Return the document of an evidence, to be signed: every field by its name; `simulated` comes first."""
    document = document_of(SCHEMAS[evidence.kind], evidence)
    return {"schema": document["schema"], "simulated": document["simulated"], **document}


def parse_evidence(text: str) -> Document:
    """Return the document in a file of evidence. Raises PortinfraError where the file is no evidence."""
    return parse(text, FIX)


@check_types
def evidence_of(document: JsonObject) -> Evidence:
    """Return the evidence of a document, without verifying its signature. Unknown fields are ignored, as a
    later version may have added them. Raises PortinfraError with all problems.
    """
    schema = document.get("schema")
    if schema not in SCHEMAS.values():
        raise PortinfraError(f"this is no evidence: its schema is {schema!r}", fix=FIX)
    evidence = read_value(Evidence, document, FIX)
    if SCHEMAS[evidence.kind] != schema:
        problem = f"a {evidence.kind} has another schema than {schema}"
        raise PortinfraError(f"this is no evidence: {problem}", fix=FIX)
    return evidence
