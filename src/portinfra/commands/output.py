"""`output`: addresses and native ids of existing hosts, for scripts."""

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def output(session: Session, target: Target, shown: OutputOptions) -> int:
    """Show the existing hosts with their addresses and native ids."""
    from portinfra import workflow
    from portinfra.commands.selection import select
    from portinfra.render.console.styled import table
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.documents import output_document

    selection = select(session, target)
    observation = workflow.observe(selection.topology, selection.environment)
    document = output_document(selection.scope, observation)
    if shown.as_json:
        write_json(document)
        return Exit.DONE
    listed = table("host", "private address", "public address", "zone", "power", "id")
    for name, host in document["hosts"].items():
        listed.add_row(
            name,
            host["private_address"],
            host["public_address"] or "",
            str(host["zone"]),
            host["power"] if host["state"] == "ready" else host["state"],
            host["id"],
        )
    if document["hosts"]:
        out().print(listed)
        if router := document["router"]:
            out().print(f"Public hosts need a router at {router} on their own network. You provide it.")
    else:
        err().print(f"No host of {selection.scope} exists.")
    for zone in document["unknown"]:
        err().print(f"{zone} did not answer: its hosts are not known")
    return Exit.DONE
