"""`dr plan`: what a failover would do now."""

from typing import Annotated

from attrs import frozen
from typer import Option

from portinfra.commands.dr.options import PlanSelection, RestoreOptions, recovery_of
from portinfra.commands.exits import Exit, exit_code
from portinfra.commands.options import OutputOptions
from portinfra.commands.session import Session


@frozen
class ForecastOptions(OutputOptions):
    """What to show of it."""

    grants: Annotated[
        bool, Option("--grants", help="The policies that both accounts need, and nothing else.")
    ] = False


def plan(session: Session, which: PlanSelection, foreseeing: ForecastOptions, data: RestoreOptions) -> int:
    """Show waves, estimated time, age of the data, and every gap. Asks the target, and changes nothing."""
    from portinfra import dr
    from portinfra.model.finding import Severity
    from portinfra.planning.refusal import refusal_of
    from portinfra.render.console.recovery import show_prospect
    from portinfra.render.console.terminal import out, write, write_json
    from portinfra.render.recovery_documents import prospect_document

    recovery = recovery_of(session, which)
    if foreseeing.grants:
        write(dr.grants(recovery))
        return Exit.DONE
    found = dr.make_forecast(recovery, dr.FailoverOptions(as_of=data.moment, blank=data.may_be_blank))
    if foreseeing.as_json:
        write_json(prospect_document(found))
    else:
        show_prospect(found, out())
    errors = [each for each in found.findings if each.severity is Severity.ERROR]
    return exit_code(refusal_of("", errors)) if errors else Exit.DONE
