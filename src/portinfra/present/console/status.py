"""What is different from the declaration, attribute by attribute."""

from collections import Counter

from rich.console import Console
from rich.text import Text

from portinfra.model.claim import Claim
from portinfra.model.plan import Action, Change, Plan
from portinfra.present.console.differences import difference_lines
from portinfra.present.console.errors import show_findings
from portinfra.present.console.names import collapsed
from portinfra.present.console.words import count

WORDS: dict[Action, str] = {
    "create": "missing",
    "update": "differs",
    "replace": "differs, and can only be replaced",
    "delete": "not declared",
    "keep": "left alone",
}


def show_status(plan: Plan, claim: Claim | None, console: Console) -> None:
    """Show drift, what nothing declares, what did not answer, and the claim."""
    observation = plan.observation
    console.print(Text.assemble((str(plan.scope), "bold"), f" on {plan.placed.environment.on}"))
    kinds = Counter(address.kind for address in observation.resources)
    there = ", ".join(count(number, kind) for kind, number in kinds.items()) or "nothing"
    console.print(f"There: {there}.")
    groups: dict[tuple[Action, str, str, tuple[str, ...]], list[Change]] = {}
    for change in plan.changes:
        details = tuple(difference_lines(change.differences))
        groups.setdefault((change.action, change.address.kind, _reason(change), details), []).append(change)
    for (action, kind, reason, details), changes in groups.items():
        names = collapsed(change.address.name for change in changes)
        why = f": {reason}" if reason else ""
        console.print(Text.assemble((f"{kind}.{names}", "yellow"), f" {WORDS[action]}{why}"))
        for detail in details:
            console.print(Text(f"    {detail}"))
    for zone in sorted(observation.unknown):
        console.print(Text.assemble((zone, "red"), " did not answer: what is there is not known"))
    show_findings(plan.findings, console)
    if not plan.changes and not observation.unknown and not observation.unexplained:
        console.print("Nothing differs from the declaration.")
    elif len(plan.kept) < len(plan.changes):
        console.print("Each line says: as it is → as declared. `apply` mends it.")
    console.print(claim_line(claim))


def _reason(change: Change) -> str:
    """The reason, where the word and the attributes do not say it."""
    if change.action in ("create", "delete") or (change.action == "update" and change.differences):
        return ""
    return change.reason.partition(";")[0]


def claim_line(claim: Claim | None) -> str:
    """Who changes it now, or did last."""
    if claim is None:
        return "Claim: nobody has applied here."
    by = f"{claim.holder}, portinfra {claim.version}" if claim.version else str(claim.holder)
    since = f" at {claim.since}" if claim.since else ""
    if claim.released:
        return f"Claim: free; last applied by {by}{since}."
    from portinfra.workflow import lives

    gone = " Its process is gone: the next apply takes over." if lives(claim) is False else ""
    return f"Claim: held by {by}, taken{since}.{gone}"
