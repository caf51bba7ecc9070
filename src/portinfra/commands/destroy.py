"""`destroy`: delete an environment."""

from portinfra.commands.options import ChangeOptions, LimitOptions, Target
from portinfra.commands.session import Session


def destroy(session: Session, target: Target, limits: LimitOptions, consent: ChangeOptions) -> int:
    """Show what would be deleted, ask, and delete it. Volumes stay unless --allow-data-loss names them."""
    from portinfra.commands.apply_flow import carry_out, confirm_plan, show
    from portinfra.commands.plans import make_plan
    from portinfra.commands.selection import select

    selection = select(session, target, without_peer=limits.without_peer)
    made = make_plan(selection, limits.plan_options(), destroy=True)
    show(made, full=consent.full, as_json=consent.as_json)
    if not consent.yes and not made.empty:
        question = f"This cannot be undone. Type {selection.scope} to destroy it:"
        made = confirm_plan(session, made, question, (selection.scope,))
    return carry_out(session, made, as_json=consent.as_json)
