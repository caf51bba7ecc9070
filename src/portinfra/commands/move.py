"""`move`: the consequences of running an environment at another provider or region."""

from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.command_text import command
from portinfra.commands.exits import Exit, Misuse, exit_code
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.model.environment import Environment


@frozen
class MoveOptions(OutputOptions):
    """The destination."""

    to: Annotated[str, Option("--to", metavar="LOCATION", help="The destination: gcp:europe-west1.")] = ""
    plan: Annotated[bool, Option("--plan", help="Show the consequences. Changes nothing.")] = False
    account: Annotated[
        str, Option("--account", metavar="ACCOUNT", help="The account there. Default: as declared there.")
    ] = ""
    key: Annotated[
        str | None, Option("--key", metavar="KEY", help="The key there. Default: as declared there.")
    ] = None


def _how_to_build(as_declared: "Environment", there: "Environment") -> str:
    """Return how to build an environment there. `as_declared` is what the declaration alone has there."""
    names = ("account", "key", "credentials")
    differing = [name for name in names if getattr(there, name) != getattr(as_declared, name)]
    if not differing:
        return f"To build it: {command('apply', there.name, '--on', there.on)}."
    # Only the declaration gives an apply its account, its key and its credentials.
    given = [("on", there.on), ("account", there.account), ("key", there.key)]
    lines = [there.location.write(name, f'"{value}"') for name, value in given if value]
    return f"To build it, declare an environment with {', '.join(lines)}, and apply that."


def move(session: Session, target: Target, moving: MoveOptions) -> int:
    """Show what a move to another location would change and cost."""
    from portinfra import workflow
    from portinfra.commands.plans import refusal
    from portinfra.commands.selection import declaration, move_environment, select
    from portinfra.portability.move import destination
    from portinfra.render.console.move import show_move
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.portability_documents import move_document

    if not moving.to:
        raise Misuse("the destination is missing", fix="Give --to PROVIDER:LOCATION: --to gcp:europe-west1.")
    selected = select(session, target)
    here = workflow.place(selected.topology, selected.environment)
    declared = declaration(session, target).environments
    as_declared = move_environment(
        selected.environment, moving.to, "--to"
    )  # raises Misuse for a wrong location
    there = destination(as_declared, moving.to, declared, moving.account, moving.key)
    if not moving.plan:
        raise Misuse(
            "no single command moves an environment: build it there, restore its data, destroy it here",
            fix=f"{_how_to_build(as_declared, there)} To see the consequences: {session.again} --plan",
        )
    found = workflow.move(here, there, rules=selected.rules)
    if moving.as_json:
        write_json(move_document(found))
    else:
        show_move(found, out())
    refused = refusal(found.plan)
    if refused is not None:
        err().print("An apply would refuse this plan there.")
        return exit_code(refused)
    return Exit.DONE
