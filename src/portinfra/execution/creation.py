"""The settings that a host gets at its creation, besides those declared."""

import secrets
from collections.abc import Callable

from attrs import evolve

from portinfra.enrolment import open_token_key, read_authority
from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance
from portinfra.planning.creation import birth_text
from portinfra.provider import registry


def host_completer(plan: Plan, attempt: str, since: float) -> Callable[[Instance], Instance]:
    """Return a function that adds the text of its creation to a host, and the boot script to a new one.

    The script is the same in each call of a run, which began at `since`: a repeated creation sends equal
    parameters. Raises TrustError if the key of tokens cannot be read, before any host is created.
    """
    made = {change.address for change in plan.changes if change.action in ("create", "replace")}
    placed = plan.placed
    is_born = any(address.kind == Instance.kind for address in made)
    if not (is_born and placed.topology.delivery):
        return lambda host: evolve(host, birth=birth_text(host, secrets.token_hex(6)), boot_script="")
    authority = read_authority(placed)
    scripts = boot_scripts(placed, registry.plugin_of(placed.environment), authority)
    sign = open_token_key(placed, attempt, since) if authority else None

    def complete(host: Instance) -> Instance:
        script = ""
        if host.address in made:
            host = evolve(host, enrolment_token=sign(host.name)) if sign else host
            script = scripts(host).text
        return evolve(host, birth=birth_text(host, secrets.token_hex(6)), boot_script=script)

    return complete
