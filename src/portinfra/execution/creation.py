"""What a host is given at its creation, beside what is declared."""

import secrets
from collections.abc import Callable

from attrs import evolve

from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance
from portinfra.planning.creation import birth_text
from portinfra.provider import registry


def births(plan: Plan) -> Callable[[Instance], Instance]:
    """Return a function that completes a host: by its birth text, and a new one by its boot script.

    The script is the same in each run of a plan, so that a run that repeats a creation sends the same.
    """
    made = {change.address for change in plan.changes if change.action in ("create", "replace")}
    placed = plan.placed
    scripts = placed.topology.delivery and boot_scripts(placed, registry.plugin_of(placed.environment))

    def complete(host: Instance) -> Instance:
        script = scripts(host).text if scripts and host.address in made else ""
        return evolve(host, birth=birth_text(host, secrets.token_hex(6)), boot_script=script)

    return complete
