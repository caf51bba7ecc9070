"""The report of `check`, and who can reach whom, as JSON documents. docs/json.md explains them."""

from collections.abc import Iterable

from portinfra.model.plain import Document
from portinfra.model.topology import INTERNET
from portinfra.policy import Report
from portinfra.policy.declared_traffic import Declared
from portinfra.reach import Hop, Reach, Traffic
from portinfra.render.documents import finding_document


def check_document(
    report: Report,
    ends: tuple[str, str] | None,
    hops: Iterable[Hop],
    *,
    definitions_only: bool = False,
) -> Document:
    """Return a report. `definitions_only`: a read shows the definitions of firewall rules, and not which of
    them are in force.
    """
    declared = Declared.by(report.placed.topology)
    waived = [
        {**finding_document(one.finding), "role": one.role, "reason": one.reason} for one in report.waived
    ]
    severities = [str(finding.severity) for finding in report.findings]
    return {
        "schema": "portinfra.check/1",
        "scope": str(report.placed.scope),
        "on": report.placed.environment.on,
        "summary": {
            **{severity: severities.count(severity) for severity in ("error", "warning", "note")},
            "waived": len(waived),
        },
        "findings": [finding_document(finding) for finding in report.findings],
        "waived": waived,
        "declared": reach_document(report.reach, declared),
        "there": reach_document(report.there, declared) if report.there else None,
        "definitions_only": definitions_only,
        "path": [_hop(hop, declared) for hop in hops] if ends else None,
    }


def reach_document(reach: Reach, declared: Declared) -> Document:
    """Return who can reach whom in one step, and the path from the internet to each role."""
    return {
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "traffic": _traffic(edge.traffic),
                "why": _why(declared, edge.source, edge.target, edge.traffic),
                "witness": _hop(edge.witness, declared),
            }
            for edge in reach.edges()
        ],
        "from_internet": [
            {"role": role, "path": [_hop(hop, declared) for hop in chain]}
            for role, chain in reach.chains_from(INTERNET).items()
        ],
    }


def _hop(hop: Hop, declared: Declared) -> Document:
    return {
        "source": hop.source,
        "target": hop.target,
        "traffic": _traffic(hop.traffic),
        "egress": hop.egress._asdict() if hop.egress else None,
        "ingress": hop.ingress._asdict() if hop.ingress else None,
        "why": _why(declared, hop.source_role, hop.target_role, hop.traffic),
    }


def _traffic(traffic: Traffic) -> list[Document]:
    return [{"protocol": protocol, "first": first, "last": last} for protocol, first, last in traffic]


def _why(declared: Declared, source: str, target: str, traffic: Traffic) -> list[str]:
    """Return the reasons of the flows that allow this traffic; empty: no flow does."""
    return [flow.why for flow in declared.reasons(source, target, traffic)]
