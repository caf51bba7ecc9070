"""`status`: what is different from the declaration."""

from portinfra.commands.exits import Exit, exit_code
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def status(session: Session, target: Target, shown: OutputOptions) -> int:
    """Show how what is there differs from what is declared, and what others have made in it. Ends with 2 when
    something of portinfra's differs. Where nothing differs and no apply would accept the plan, and where the
    declaration makes no sense, it ends as `plan` does.
    """
    from portinfra import workflow
    from portinfra.commands.plans import refusal
    from portinfra.commands.selection import select
    from portinfra.render.console.status import show_status
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.documents import status_document

    selection = select(session, target)
    topology, environment = selection.topology, selection.environment
    plan = workflow.plan(topology, environment, rules=selection.rules, guards=selection.guards)
    plan = workflow.find_foreign(plan)
    leases = workflow.leases(topology, environment)
    document = status_document(plan, leases[-1] if leases else None)
    if shown.as_json:
        write_json(document)
    else:
        show_status(plan, leases[-1] if leases else None, out())
    refused = refusal(plan)
    code = exit_code(refused) if refused else Exit.DONE
    return Exit.DIFFERS if document["differs"] and code is not Exit.FAILED else code
