"""`check`: whether a topology keeps the rules, and who can reach whom in it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen
from typer import Option

from portinfra.present.commands.options import Shown, Target
from portinfra.present.commands.session import Session
from portinfra.present.exits import Exit, Misuse

if TYPE_CHECKING:
    from portinfra.policy import Report
    from portinfra.policy.declared import Declared
    from portinfra.reach import Hop, Reach, Traffic

Document = dict[str, Any]


@frozen
class Checking(Shown):
    """What to look at."""

    observed: Annotated[
        bool, Option("--observed", help="Look into the cloud, too: what is there beyond what is declared.")
    ] = False
    path: Annotated[
        tuple[str, str] | None,
        Option("--path", metavar="SOURCE TARGET", help="Only how one gets from the one to the other."),
    ] = None


def check(session: Session, target: Target, checking: Checking) -> int:
    """Hold the topology to the rules, and show who can reach whom. Ends with 3 where a rule refuses it."""
    from portinfra import policy, workflow
    from portinfra.policy.declared import Declared
    from portinfra.present.commands.offline import placed
    from portinfra.present.commands.selection import select
    from portinfra.present.console.findings import show_path, show_report
    from portinfra.present.console.terminal import out, write_json

    selection = select(session, target)
    there = workflow.observe(selection.topology, selection.environment) if checking.observed else None
    report = policy.check(placed(selection), selection.rules, there)
    hops = _path(report.there or report.reach, checking.path)
    if checking.as_json:
        write_json(check_document(report, checking.path, hops))
    elif checking.path:
        show_path(*checking.path, hops, Declared.by(selection.topology), out())
    else:
        show_report(report, out())
    return Exit.REFUSED if report.errors and not checking.path else Exit.DONE


def _path(reach: "Reach", ends: tuple[str, str] | None) -> "tuple[Hop, ...]":
    """The shortest path between two. Raises Misuse for a name that is none."""
    if ends is None:
        return ()
    from portinfra.words import suggestion

    try:
        return reach.path(*ends)
    except KeyError as error:
        name = str(error.args[0])
        raise Misuse(
            f"--path: there is no role, host or range of addresses {name!r}",
            fix=suggestion(name, reach.names),
        ) from None


def check_document(report: "Report", ends: tuple[str, str] | None, hops: "Iterable[Hop]") -> Document:
    """A report as JSON."""
    from portinfra.policy.declared import Declared
    from portinfra.present.documents import finding_document

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
        "path": [_hop(hop, declared) for hop in hops] if ends else None,
    }


def reach_document(reach: "Reach", declared: "Declared") -> Document:
    """Who can reach whom in one step, and how the internet gets to each role in however many."""
    from portinfra.model.topology import INTERNET

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
            for role, chain in reach.reached(INTERNET).items()
        ],
    }


def _hop(hop: "Hop", declared: "Declared") -> Document:
    return {
        "source": hop.source,
        "target": hop.target,
        "traffic": _traffic(hop.traffic),
        "egress": hop.egress._asdict() if hop.egress else None,
        "ingress": hop.ingress._asdict() if hop.ingress else None,
        "why": _why(declared, hop.source_role, hop.target_role, hop.traffic),
    }


def _traffic(traffic: "Traffic") -> list[Document]:
    return [{"protocol": protocol, "first": first, "last": last} for protocol, first, last in traffic]


def _why(declared: "Declared", source: str, target: str, traffic: "Traffic") -> list[str]:
    """What the flows say that let it; nothing where no flow does."""
    return [flow.why for flow in declared.reasons(source, target, traffic)]
