"""The settings that a host gets at its creation, besides those declared."""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from attrs import evolve

from portinfra.enrolment import open_token_key, read_authority
from portinfra.hosts.enrolment import find_signer
from portinfra.hosts.first_boot import boot_scripts
from portinfra.model.plan import Plan
from portinfra.model.resources import Instance
from portinfra.planning.creation import birth_text
from portinfra.provider import registry

if TYPE_CHECKING:
    from portinfra.trust.temporary import TemporaryTrust

CompleteHost = Callable[[Instance, int], Instance]
"""A function of a host, and of how often the run has seen it deleted: the host with the settings of its next
creation.
"""


def host_completer(
    plan: Plan, attempt: str, since: float, own_trust: "TemporaryTrust | None" = None
) -> CompleteHost:
    """Return a function that adds the text of its creation to a host, and the boot script to a new one.

    The settings are the same for each try of one creation in a run, which began at `since`: a repeated
    request has equal parameters, as its client token demands. After the run has seen the host deleted, its
    next creation has others: the token of the first one may be used. Raises TrustError if the key of tokens
    cannot be read, before any host is created. A drill has its `own_trust`: its host that signs begins with
    the bundle of that.
    """
    made = {change.address for change in plan.changes if change.action in ("create", "replace")}
    placed = plan.placed

    @cache
    def finish() -> Callable[[Instance, str], Instance]:
        """Return a function that adds the boot script to a new host."""
        authority, signer = read_authority(placed, own_trust), find_signer(placed)
        bundles = {signer.name: own_trust.bundle(signer.name)} if own_trust and signer else {}
        scripts = boot_scripts(placed, registry.plugin_of(placed.environment), authority, bundles)
        sign = open_token_key(placed, since, own_trust) if authority else None

        def add(host: Instance, creation: str) -> Instance:
            host = evolve(host, enrolment_token=sign(host.name, creation)) if sign else host
            return evolve(host, boot_script=scripts(host).text)

        return add

    if placed.topology.delivery and any(address.kind == Instance.kind for address in made):
        finish()

    def complete(host: Instance, removals: int) -> Instance:
        creation = f"{attempt}-{removals}"
        host = evolve(host, birth=birth_text(host, _salt(host, creation)), boot_script="")
        is_new = host.address in made or removals > 0
        return finish()(host, creation) if is_new and placed.topology.delivery else host

    return complete


def _salt(host: Instance, creation: str) -> str:
    """Return 12 hexadecimal digits. Each host and each creation has its own."""
    return hashlib.sha256(f"{host.address} {creation}".encode()).hexdigest()[:12]
