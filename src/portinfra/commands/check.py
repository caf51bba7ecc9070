"""`check`: whether a topology passes the policy rules, and which role can reach which."""

from typing import TYPE_CHECKING, Annotated

from typer import Option

from portinfra.command_text import command
from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.reach import Hop, Reach


@frozen
class CheckOptions(OutputOptions):
    """What to check, and how to print it."""

    observed: Annotated[
        bool, Option("--observed", help="Read the cloud, too: what exists beyond the declaration.")
    ] = False
    path: Annotated[
        tuple[str, str] | None,
        Option("--path", metavar="SOURCE TARGET", help="Show only the path of connections between two."),
    ] = None


def check(session: Session, target: Target, checking: CheckOptions) -> int:
    """Check the policy rules, and show who can reach whom. Exit code 3: a rule refuses the topology."""
    from portinfra import policy, workflow
    from portinfra.commands.selection import select
    from portinfra.policy.declared_traffic import Declared
    from portinfra.render.console.findings import show_path, show_report
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.policy_documents import check_document

    selection = select(session, target)
    there = None
    if checking.observed:
        there = workflow.observe(selection.topology, selection.environment, foreign=True)
    placed = workflow.place(selection.topology, selection.environment)
    report = policy.check(placed, selection.rules, there, selection.recoveries)
    hops = _path(report.there or report.reach, checking.path)
    if checking.as_json:
        defined = there is not None and there.reads_definitions
        write_json(check_document(report, checking.path, hops, definitions_only=defined))
    elif checking.path:
        show_path(*checking.path, hops, Declared.by(selection.topology), out())
    else:
        show_report(report, out())
    if there is not None and there.reads_definitions and not checking.as_json:
        out().print(
            "This shows the firewall rules as they are defined. No read shows which of them are in force: "
            f"{command('apply', selection.environment.name)} applies them again."
        )
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
