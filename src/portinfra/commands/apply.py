"""`apply`: do what the plan says."""

from pathlib import Path
from typing import Annotated

from attrs import frozen
from typer import Option

from portinfra.command_text import command_line
from portinfra.commands.exits import Misuse
from portinfra.commands.options import ChangeOptions, PlanScope, Target
from portinfra.commands.session import Session


@frozen
class ApplyOptions(ChangeOptions):
    """What to apply."""

    plan: Annotated[Path | None, Option("--plan", metavar="FILE", help="Apply a saved plan; never asks.")] = (
        None
    )


def apply(session: Session, target: Target, wishes: PlanScope, applying: ApplyOptions) -> int:
    """Show what would change, ask, and do it."""
    from portinfra.commands import plans
    from portinfra.commands.apply_flow import carry_out, confirm, show
    from portinfra.commands.selection import select
    from portinfra.model.plan import PlanOptions

    options = wishes.plan_options()
    if applying.plan is None:
        _refuse_file(target.environment, without_peer=wishes.without_peer)
        made = plans.make_plan(select(session, target, without_peer=wishes.without_peer), options)
    elif options != PlanOptions():
        raise Misuse("a saved plan has its own options", fix="Give them when you make the plan, not here.")
    else:
        made = plans.load_plan(session, target, applying.plan, without_peer=wishes.without_peer)
    show(made, full=applying.full, as_json=applying.as_json)
    if refused := plans.refusal(made):
        raise refused
    if applying.plan is None and not applying.yes and not made.empty:
        confirm(session, "Apply these changes? [y/N]", ("y", "yes"))
    return carry_out(session, made, as_json=applying.as_json)


def _refuse_file(environment: str | None, *, without_peer: bool) -> None:
    """Raise Misuse for a file in place of an environment, as Terraform takes a saved plan."""
    if environment and Path(environment).suffix:  # a name of an environment has no dot
        unchecked = ("--without-peer",) if without_peer else ()
        apply_it = command_line("apply", "--plan", environment, *unchecked)
        raise Misuse(f"there is no environment {environment!r}", fix=f"To apply a saved plan: {apply_it}")
