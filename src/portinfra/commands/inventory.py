"""`inventory`: the hosts, in the formats of other tools, offline."""

from enum import StrEnum
from typing import Annotated

from typer import Option

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


class InventoryFormat(StrEnum):
    """The format of an inventory."""

    TABLE = "table"
    JSON = "json"
    ANSIBLE = "ansible"
    HOSTS = "hosts"
    SSH = "ssh"


def inventory(
    session: Session,
    target: Target,
    shown: OutputOptions,
    format: Annotated[
        InventoryFormat, Option("--format", help="The format: for a person, Ansible, /etc/hosts or ssh -F.")
    ] = InventoryFormat.TABLE,
) -> int:
    """List every host with its role, zone and private address. Makes no API call."""
    from portinfra.commands.offline import place_selection
    from portinfra.commands.selection import select
    from portinfra.hosts import inventory as lists
    from portinfra.misplaced_hosts import as_declared
    from portinfra.render.console.styled import table
    from portinfra.render.console.terminal import out, write, write_json
    from portinfra.render.documents import inventory_document

    found = place_selection(select(session, target), existing=True)
    if shown.as_json or format is InventoryFormat.JSON:
        write_json(inventory_document(found))
    elif format is not InventoryFormat.TABLE:
        write(lists.inventory(found, format.value))
    else:
        listed = table("host", "role", "zone", "address", "size", "image", "public")
        for host in lists.list_hosts(found):
            public = "yes" if host.public else ""
            listed.add_row(host.name, host.role, *host.columns, public)
        out().print(listed)
        out().print(as_declared(found.scope))
    return Exit.DONE
