"""`apply`: make the changes of a plan."""

from pathlib import Path
from typing import Annotated

from typer import Option

from portinfra.command_text import command_line
from portinfra.commands.exits import Misuse
from portinfra.commands.options import ChangeOptions, PlanScope, Target
from portinfra.commands.session import Session
from portinfra.value import frozen


@frozen
class ApplyOptions(ChangeOptions):
    """What to apply, and how to confirm and print it."""

    plan: Annotated[
        Path | None, Option("--plan", metavar="FILE", help="Apply a saved plan, without a prompt.")
    ] = None


def apply(session: Session, target: Target, scope: PlanScope, changes: ApplyOptions) -> int:
    """Show the plan, ask for confirmation, and apply it."""
    from portinfra.commands import plans
    from portinfra.commands.apply_flow import carry_out, confirm_plan, show
    from portinfra.commands.selection import select
    from portinfra.model.plan import PlanOptions

    options = scope.plan_options()
    if changes.plan is None:
        _refuse_file(target.environment, without_peer=scope.without_peer)
        made = plans.make_plan(select(session, target, without_peer=scope.without_peer), options)
    elif options != PlanOptions():
        raise Misuse(
            "a saved plan has its own options", fix="Give these options when you make the plan, not here."
        )
    else:
        made = plans.load_plan(session, target, changes.plan, without_peer=scope.without_peer)
    show(made, full=changes.full, as_json=changes.as_json)
    if changes.plan is None and not changes.yes and not made.empty:
        made = confirm_plan(session, made, "Apply these changes? [y/N]", ("y", "yes"))
    return carry_out(session, made, as_json=changes.as_json)


def _refuse_file(environment: str | None, *, without_peer: bool) -> None:
    """Raise Misuse for a file in place of an environment: Terraform takes a saved plan there."""
    if environment and Path(environment).suffix:  # a name of an environment has no dot
        unchecked = ("--without-peer",) if without_peer else ()
        apply_it = command_line("apply", "--plan", environment, *unchecked)
        raise Misuse(f"there is no environment {environment!r}", fix=f"To apply a saved plan: {apply_it}")
