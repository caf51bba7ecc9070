"""`lockin`: the parts of a declaration that only one provider has, offline."""

from portinfra.commands.exits import Exit
from portinfra.commands.options import OutputOptions, Target
from portinfra.commands.session import Session


def lockin(session: Session, target: Target, shown: OutputOptions) -> int:
    """List what only one provider has. A move would have to replace it. Makes no API call."""
    from portinfra import workflow
    from portinfra.commands.selection import declaration, one, select
    from portinfra.render.console.styled import table
    from portinfra.render.console.terminal import out, write_json
    from portinfra.render.portability_documents import lockin_document

    declared = declaration(session, target)
    environments = declared.environments
    if target.environment or target.on:
        environments = (select(session, target).environment,)
    topology = one("topology", "--topology", declared.topologies, target.topology)
    found = workflow.lock_in(topology, environments, declared.recoveries)
    if shown.as_json:
        write_json(lockin_document(topology, found))
        return Exit.DONE
    listed = table("provider", "what", "value", "meaning", "at")
    for tie in found:
        listed.add_row(tie.provider, tie.subject, tie.value, tie.meaning, str(tie.location))
    out().print(listed)
    return Exit.DONE
