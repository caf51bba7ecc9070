"""`plan`: what an apply would change."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.command_text import command_line
from portinfra.commands.exits import Exit, exit_code
from portinfra.commands.options import OutputOptions, PlanScope, Target
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.model.plan import Plan


class PlanFormat(StrEnum):
    """The format of a plan for people."""

    TEXT = "text"
    MARKDOWN = "markdown"


@frozen
class PlanCommandOptions(OutputOptions):
    """What to plan, and what to do with the plan."""

    destroy: Annotated[bool, Option("--destroy", help="Plan to delete everything.")] = False
    out: Annotated[
        Path | None, Option("--out", "-o", metavar="FILE", help="Save the plan for `apply --plan FILE`.")
    ] = None
    detailed_exitcode: Annotated[
        bool, Option("--detailed-exitcode", help="Exit code 2 if there are changes.")
    ] = False
    format: Annotated[
        PlanFormat, Option("--format", help="The format: for a terminal, or for a comment on a pull request.")
    ] = PlanFormat.TEXT
    full: Annotated[bool, Option("--full", help="Print every change on a line of its own.")] = False


def plan(session: Session, target: Target, scope: PlanScope, planning: PlanCommandOptions) -> int:
    """Show what `apply` would change. Changes nothing."""
    from portinfra.commands.plans import make_plan, refusal, save
    from portinfra.commands.selection import select
    from portinfra.policy import check
    from portinfra.render.console.findings import summary_beside_plan
    from portinfra.render.console.plan import show_plan
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.documents import plan_document

    planning.refuse_second_format(planning.format, (PlanFormat.TEXT,))
    selection = select(session, target, without_peer=scope.without_peer)
    made = make_plan(selection, scope.plan_options(), destroy=planning.destroy)
    refused = refusal(made)
    if planning.as_json:
        write_json(plan_document(made))
    elif planning.format is PlanFormat.MARKDOWN:
        _write_markdown(made, full=planning.full)
    else:
        show_plan(made, out(), full=planning.full)
        report = check(made.placed, selection.rules, recoveries=selection.recoveries)
        if not planning.destroy and (others := summary_beside_plan(report)):
            err().print(f"{others} See: {command_line('check', made.placed.environment.name)}")
    if refused is not None:
        err().print("An apply would refuse this plan" + (", so it was not saved." if planning.out else "."))
        return exit_code(refused)
    if planning.out is not None:
        save(made, planning.out)
        unchecked = ("--without-peer",) if scope.without_peer else ()
        err().print(f"Saved. Apply it: {command_line('apply', '--plan', str(planning.out), *unchecked)}")
    return Exit.DIFFERS if planning.detailed_exitcode and not made.empty else Exit.DONE


def _write_markdown(made: "Plan", *, full: bool) -> None:
    from portinfra.render.console.terminal import write
    from portinfra.render.plan_markdown import plan_page
    from portinfra.render.plan_report import report

    write(plan_page(report(made, full=full)))
