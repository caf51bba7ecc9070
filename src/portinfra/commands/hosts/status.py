"""`hosts status`: whether the files on hosts equal those that portinfra renders."""

import sys

from portinfra.commands.exits import Exit, Misuse
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def status(session: Session, target: Target, shown: OutputOptions) -> int:
    """Compare the files on hosts with those declared. Standard input has lines `HOST DIGEST PATH`. Makes no
    API call.
    """
    from portinfra.commands.hosts.rendering import render_selected
    from portinfra.commands.selection import select
    from portinfra.hosts.status import compare_files, read_digests
    from portinfra.render.console.hosts import show_states
    from portinfra.render.console.terminal import err, out, write_json
    from portinfra.render.hosts_documents import hosts_status_document

    selection = select(session, target)
    found = render_selected(selection)
    try:
        digests = read_digests(sys.stdin.read())
    except ValueError as error:
        raise Misuse(str(error), fix="Prefix each line of sha256sum with the name of its host.") from error
    states, unknown = compare_files(found, digests), sorted(digests.keys() - found.keys())
    if shown.as_json:
        write_json(hosts_status_document(selection.scope, states, unknown))
    else:
        show_states(states, out())
        for name in unknown:
            err().print(f"warning: the topology has no host {name}")
    return Exit.DONE if all(each.state == "same" for each in states) else Exit.DIFFERS
