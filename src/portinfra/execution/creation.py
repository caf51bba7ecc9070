"""The settings that a host gets at its creation, besides those declared."""

import secrets
from collections.abc import Callable

from attrs import evolve

from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance
from portinfra.planning.creation import birth_text
from portinfra.provider import registry


def host_completer(plan: Plan) -> Callable[[Instance], Instance]:
    """Return a function that adds the text of its creation to a host, and the boot script to a new one.

    The script is the same in each run of a plan, so a repeated creation sends equal parameters.
    """
    made = {change.address for change in plan.changes if change.action in ("create", "replace")}
    placed = plan.placed
    scripts = placed.topology.delivery and boot_scripts(placed, registry.plugin_of(placed.environment))

    def complete(host: Instance) -> Instance:
        script = scripts(host).text if scripts and host.address in made else ""
        return evolve(host, birth=birth_text(host, secrets.token_hex(6)), boot_script=script)

    return complete
