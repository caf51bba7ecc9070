"""The steps of a change: show the plan, ask for confirmation, apply, print the outcome."""

from attrs import evolve

from portinfra import workflow
from portinfra.commands.exits import Exit, Interrupted, Unconfirmed
from portinfra.commands.plans import refusal
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
    """Print a plan before it is applied; to standard error where the result is JSON.

    Raises the error of a plan that must not be applied. The error has its findings, so the plan has not.
    """
    refused = refusal(plan)
    where = terminal.err() if as_json else terminal.out()
    show_plan(plan, where, full=full, errors=refused is None)
    if refused:
        raise refused


def confirm(session: Session, question: str, answers: tuple[str, ...]) -> None:
    """Ask for confirmation, and return if the answer is one of `answers`.

    Raises Unconfirmed for another answer, and where there is no terminal.
    """
    if not terminal.interactive():
        raise Unconfirmed(
            "there is no terminal for the confirmation, so nothing was changed",
            fix=f"To confirm beforehand: {session.again} --yes",
        )
    if terminal.ask(question).lower() not in answers:
        raise Unconfirmed("the change was not confirmed, so nothing was changed")


def confirm_plan(session: Session, plan: Plan, question: str, answers: tuple[str, ...]) -> Plan:
    """Ask for confirmation as `confirm` does. Return the plan without its read: time has passed since."""
    confirm(session, question, answers)
    return evolve(plan, read=None)


def carry_out(session: Session, plan: Plan, *, as_json: bool) -> int:
    """Apply a confirmed plan, show the progress and print the outcome. Return the exit code."""
    try:
        with ProgressDisplay() as display:
            outcome = workflow.apply(plan, listen=display)
    except KeyboardInterrupt as error:
        raise Interrupted(
            "interrupted; the calls in progress have ended, and what is done stays",
            fix=f"To continue: {session.again}",
        ) from error
    if as_json:
        terminal.write_json(outcome_document(outcome))
    elif outcome.steps:
        terminal.write(end_line(plan, outcome))
    elif outcome.enforced:
        terminal.write(in_force(outcome).strip())
    return Exit.DONE


def end_line(plan: Plan, outcome: Outcome) -> str:
    """Return one line about an apply that succeeded."""
    cost = f"{count(outcome.calls, 'API call')}, {duration(outcome.seconds)}"
    steps = count(len(outcome.steps), "step")
    sentence = f"Done: {steps}, {cost}. {done(plan)}{in_force(outcome)}"
    if not plan.destroys:
        unchecked = [role.name for role in rolling_roles(plan) if not role.ready]
        only_run = f" Hosts of {', '.join(unchecked)} run; without `ready`, nothing more was checked."
        return sentence + (only_run if unchecked else "")
    return sentence


def in_force(outcome: Outcome) -> str:
    """Return a sentence, to append to another, about the rules that were applied again; empty: none were."""
    number = outcome.enforced
    return f" The rules of {count(number, 'firewall')} were applied again." if number else ""
