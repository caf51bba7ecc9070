"""`status`: how the environment differs from the declaration."""

from portinfra.commands.exits import Exit, exit_code
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def status(session: Session, target: Target, shown: OutputOptions) -> int:
    """Show how the cloud differs from the declaration. Foreign resources are listed, too. Exit code 2: a
    resource of portinfra differs. Where none differs and `apply` would refuse the plan, and where the
    declaration has errors, the exit code is that of `plan`.
    """
    from portinfra import workflow
    from portinfra.commands.plans import refusal
    from portinfra.commands.selection import select
    from portinfra.lease import list_leases
    from portinfra.render.console.status import show_status
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.documents import status_document

    selection = select(session, target)
    topology, environment = selection.topology, selection.environment
    plan = workflow.plan(topology, environment, rules=selection.rules, guards=selection.guards)
    plan = workflow.find_foreign(plan)
    leases = list_leases(topology, environment)
    document = status_document(plan, leases[-1] if leases else None)
    if shown.as_json:
        write_json(document)
    else:
        show_status(plan, leases[-1] if leases else None, out())
    refused = refusal(plan)
    code = exit_code(refused) if refused else Exit.DONE
    return Exit.DIFFERS if document["differs"] and code is not Exit.FAILED else code
