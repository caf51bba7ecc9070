"""`check`: whether a topology passes the policy rules, and which role can reach which."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.command_text import command
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.commands.selection import Selection
    from portinfra.model.observed import Observation
    from portinfra.policy import Report
    from portinfra.reach import Hop, Reach


class CheckFormat(StrEnum):
    """The format of a check: for people, for programs, or for the tools of a CI server."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


FOR_TOOLS = (CheckFormat.SARIF, CheckFormat.JUNIT)
"""The formats that other tools define. They have the findings alone."""


@frozen
class CheckOptions(OutputOptions):
    """What to check, and how to print it."""

    format: Annotated[
        CheckFormat, Option("--format", help="The format: for a person, a program, or tools of a CI server.")
    ] = CheckFormat.TEXT
    observed: Annotated[
        bool, Option("--observed", help="Read the cloud, too: what exists beyond the declaration.")
    ] = False
    path: Annotated[
        tuple[str, str] | None,
        Option("--path", metavar="SOURCE TARGET", help="Show only the path of connections between two."),
    ] = None


def check(session: Session, target: Target, checking: CheckOptions) -> int:
    """Check the policy rules, and show who can reach whom. Exit code 3: a rule refuses the topology."""
    _refuse_contradictions(checking)
    if checking.format in FOR_TOOLS:
        return _check_for_tools(session, target, checking)
    from portinfra.commands.selection import select
    from portinfra.policy.declared_traffic import Declared
    from portinfra.render.console.findings import show_path, show_report
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.policy_documents import check_document

    selection = select(session, target)
    report = _make_report(selection, is_observed=checking.observed)
    hops = _path(report.there or report.reach, checking.path)
    if checking.as_json or checking.format is CheckFormat.JSON:
        defined = bool(_definitions_notice(report))
        write_json(check_document(report, checking.path, hops, definitions_only=defined))
        return _exit_code(report, checking)
    if checking.path:
        show_path(*checking.path, hops, Declared.by(selection.topology), out())
    else:
        show_report(report, out())
    if notice := _definitions_notice(report):
        out().print(notice)
    return _exit_code(report, checking)


def _refuse_contradictions(checking: CheckOptions) -> None:
    """Raise Misuse for two formats at once, and for a path in a format that has none."""
    checking.refuse_second_format(checking.format, (CheckFormat.TEXT, CheckFormat.JSON))
    if checking.path and checking.format in FOR_TOOLS:
        raise Misuse(
            f"--path and --format {checking.format} exclude each other",
            fix="Leave one of them out. --json has the path.",
        )


def _check_for_tools(session: Session, target: Target, checking: CheckOptions) -> int:
    """Print the findings for other tools, also those of an error that ends the check, which it raises."""
    from portinfra.commands.selection import select
    from portinfra.errors import PortinfraError
    from portinfra.policy import BUILT_IN
    from portinfra.render.check_results import CheckResults, Folders, results_of_error, results_of_report
    from portinfra.render.console.terminal import err, write, write_json

    def show(results: CheckResults) -> None:
        if checking.format is CheckFormat.SARIF:
            from portinfra.render.sarif import sarif_log

            write_json(sarif_log(results))
        else:
            from portinfra.render.junit import junit_page

            write(junit_page(results))

    folders = Folders(_source_folder(Path.cwd()), Path.cwd())
    try:
        selection = select(session, target)
        report = _make_report(selection, is_observed=checking.observed)
    except Misuse:
        raise
    except PortinfraError as error:
        show(results_of_error(error, folders))
        raise
    show(results_of_report(report, (*BUILT_IN, *selection.rules), folders))
    if notice := _definitions_notice(report):
        err().print(notice)
    return _exit_code(report, checking)


def _source_folder(working: Path) -> Path:
    """Return the nearest folder that is a working tree of Git, else the working folder."""
    return next((each for each in (working, *working.parents) if (each / ".git").exists()), working)


def _make_report(selection: "Selection", *, is_observed: bool) -> "Report":
    from portinfra import policy, workflow

    there: Observation | None = None
    if is_observed:
        there = workflow.observe(selection.topology, selection.environment, foreign=True)
    placed = workflow.place(selection.topology, selection.environment)
    return policy.check(placed, selection.rules, there, selection.recoveries)


def _definitions_notice(report: "Report") -> str:
    """Return a sentence where a read shows only the definitions of firewall rules; else an empty text."""
    if report.observation is None or not report.observation.reads_definitions:
        return ""
    return (
        "This shows the firewall rules as they are defined. No read shows which of them are in force: "
        f"{command('apply', report.placed.environment.name)} applies them again."
    )


def _exit_code(report: "Report", checking: CheckOptions) -> Exit:
    return Exit.REFUSED if report.errors and not checking.path else Exit.DONE


def _path(reach: "Reach", ends: tuple[str, str] | None) -> "tuple[Hop, ...]":
    """Return the shortest path between two ends. Raises Misuse for an unknown end."""
    if ends is None:
        return ()
    from portinfra.format import suggestion

    try:
        return reach.path(*ends)
    except KeyError as error:
        name = str(error.args[0])
        if name[:1].isdigit() and set(name) <= set("0123456789./"):
            raise Misuse(
                f"--path: {name!r} is not a range of IPv4 addresses",
                fix="Write it as 10.0.0.0/8 or 10.1.2.3.",
            ) from None
        raise Misuse(
            f"--path: there is no role, host or range of addresses {name!r}",
            fix=suggestion(name, reach.names),
        ) from None
