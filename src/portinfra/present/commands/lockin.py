"""`lockin`: what ties the declaration to a provider, offline."""

from portinfra.present.commands.options import Shown, Target
from portinfra.present.commands.session import Session
from portinfra.present.exits import Exit


def lockin(session: Session, target: Target, shown: Shown) -> int:
    """List what belongs to one provider and so needs a thought before a move. Asks no cloud."""
    from portinfra.present import lockin as ties
    from portinfra.present.commands.selection import declaration, select
    from portinfra.present.console.terminal import out, table, write_json
    from portinfra.provider import registry

    declared = declaration(session, target)
    environments = declared.environments
    if target.environment or target.on:
        environments = (select(session, target).environment,)
    topology = declared.topology(target.topology)
    recoveries = declared.recoveries
    vaults = [plan.vault for plan in recoveries if plan.vault]
    bearers = [*(role.native for role in topology.roles), *(vault.native for vault in vaults)]
    providers = {name for options in bearers for name in options}
    native = {name: registry.plugin(name).native for name in providers.intersection(registry.installed())}
    found = ties.ties(topology, environments, native, recoveries)
    if shown.as_json:
        write_json(ties.lockin_document(topology, found))
        return Exit.DONE
    listed = table("provider", "what", "value", "meaning", "at")
    for tie in found:
        listed.add_row(tie.provider, tie.subject, tie.value, tie.meaning, str(tie.location))
    out().print(listed)
    return Exit.DONE
