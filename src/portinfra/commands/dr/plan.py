"""`dr plan`: what a failover or failback would do now."""

from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.commands.dr.options import PlanSelection, PointIds, RestoreOptions, check_lost, recovery_of
from portinfra.commands.exits import Exit, Misuse, exit_code
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.recovery.recovery import Recovery


@frozen
class ForecastOptions(OutputOptions):
    """What to show of the plan."""

    grants: Annotated[bool, Option("--grants", help="Print only the policies that both accounts need.")] = (
        False
    )
    failback: Annotated[bool, Option("--failback", help="Show a failback: the source takes over.")] = False
    lost: Annotated[
        str | None,
        Option(
            "--lost",
            metavar="ENVIRONMENT",
            help="Assume that this environment is lost: make no call to it. The other one takes over.",
        ),
    ] = None
    without_point: PointIds = None


def plan(session: Session, which: PlanSelection, foreseeing: ForecastOptions, data: RestoreOptions) -> int:
    """Show what a failover would do now. Prints waves, time, age of the data and errors. Changes nothing."""
    from portinfra import dr
    from portinfra.model.finding import Severity
    from portinfra.planning.refusal import refusal_of
    from portinfra.render.console.forecast import show_prospect
    from portinfra.render.console.terminal import out, write, write_json
    from portinfra.render.recovery_documents import prospect_document

    recovery = recovery_of(session, which)
    way = _way(recovery, foreseeing)
    if foreseeing.grants:
        write(dr.grants(recovery))
        return Exit.DONE
    options = dr.FailoverOptions(
        lost=foreseeing.lost is not None,
        without=tuple(foreseeing.without_point or ()),
        as_of=data.moment,
        blank=data.may_be_blank,
    )
    found = dr.make_forecast(way, options)
    if foreseeing.as_json:
        write_json(prospect_document(found))
    else:
        show_prospect(found, out())
    errors = [each for each in found.findings if each.severity is Severity.ERROR]
    return exit_code(refusal_of("", errors)) if errors else Exit.DONE


def _way(recovery: "Recovery", foreseeing: ForecastOptions) -> "Recovery":
    """Return the recovery in the direction of the takeover.

    Raises Misuse where --lost names the environment that takes over, or an unknown one.
    """
    back = recovery.reversed
    check_lost(recovery, foreseeing.lost)
    if foreseeing.failback and foreseeing.lost == back.target.name:
        message = f"{back.target.name} takes over in a failback, and --lost names {back.target.name}"
        raise Misuse(message, fix="Leave --failback or --lost out.")
    return back if foreseeing.failback or foreseeing.lost == back.source.name else recovery
