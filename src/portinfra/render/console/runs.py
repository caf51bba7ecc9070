"""The drills, takeovers and refreshes of a recovery as text."""

from collections.abc import Iterable

from portinfra.format import moment
from portinfra.recovery.drills.history import RunHistory
from portinfra.render.console.recovery import RESULT_STYLES
from portinfra.render.console.styled import styled_text, table
from portinfra.render.console.terminal import Console

EVIDENCE = {
    "elsewhere": "not here",
    "differs": "DIFFERS from the ledger",
    "none": "none",
    "missing": "MISSING: this run was deleted",
    "unread": "not known: this environment does not answer",
}


def show_runs(found: Iterable[RunHistory], console: Console) -> None:
    """Print each run, and where its evidence is."""
    found = list(found)
    if not found:
        console.print("No drill yet.")
        return
    rows = table("at", "run", "what", "id", "began", "result", "evidence")
    for each in found:
        evidence = f"{EVIDENCE.get(each.evidence, '')} {each.file}".strip()
        rows.add_row(
            each.environment,
            str(each.number or "—"),
            each.kind,
            each.id,
            moment(each.began) if each.began else "",
            styled_text((each.result, RESULT_STYLES.get(each.result, ""))),
            styled_text((evidence, "bold red" if each.is_doubtful else "")),
        )
    console.print(rows)
