"""Showing a plan, asking, carrying it out, and saying how it ended."""

from portinfra import workflow
from portinfra.commands.exits import Exit, Interrupted, Unconfirmed
from portinfra.commands.session import Session
from portinfra.format import count, duration
from portinfra.model.outcome import Outcome
from portinfra.model.plan import Plan
from portinfra.planning.readiness import rolling_roles
from portinfra.render.console import terminal
from portinfra.render.console.assurances import done
from portinfra.render.console.plan import show_plan
from portinfra.render.console.progress import ProgressDisplay
from portinfra.render.documents import outcome_document


def show(plan: Plan, *, full: bool, as_json: bool) -> None:
    """Show a plan before it is applied; beside the result where that is JSON."""
    show_plan(plan, terminal.err() if as_json else terminal.out(), full=full)


def confirm(session: Session, question: str, answers: tuple[str, ...]) -> None:
    """Return when somebody agreed. Raises Unconfirmed when not, or when there is nobody to ask."""
    if not terminal.interactive():
        raise Unconfirmed(
            "there is no terminal to ask at, so nothing was changed",
            fix=f"To agree beforehand: {session.again} --yes",
        )
    if terminal.ask(question).lower() not in answers:
        raise Unconfirmed("not agreed, so nothing was changed")


def carry_out(session: Session, plan: Plan, *, as_json: bool) -> int:
    """Apply a plan that was agreed to, with progress, and show its outcome."""
    try:
        with ProgressDisplay() as display:
            outcome = workflow.apply(plan, listen=display)
    except KeyboardInterrupt as error:
        raise Interrupted(
            "interrupted; the calls under way have ended, and what is done stays",
            fix=f"Go on from there: {session.again}",
        ) from error
    if as_json:
        terminal.write_json(outcome_document(outcome))
    elif outcome.steps:
        terminal.write(end_line(plan, outcome))
    elif outcome.enforced:
        terminal.write(in_force(outcome).strip())
    return Exit.DONE


def end_line(plan: Plan, outcome: Outcome) -> str:
    """One line about an apply that ended well."""
    cost = f"{count(outcome.calls, 'API call')}, {duration(outcome.seconds)}"
    steps = count(len(outcome.steps), "step")
    sentence = f"Done: {steps}, {cost}. {done(plan)}{in_force(outcome)}"
    if not plan.destroys:
        unasked = [role.name for role in rolling_roles(plan) if not role.ready]
        only_run = f" Hosts of {', '.join(unasked)} run; without `ready`, nothing more was asked."
        return sentence + (only_run if unasked else "")
    return sentence


def in_force(outcome: Outcome) -> str:
    """Return what the apply has put in force again, as a sentence behind another; empty: nothing."""
    number = outcome.enforced
    return f" The rules of {count(number, 'firewall')} were put in force again." if number else ""
