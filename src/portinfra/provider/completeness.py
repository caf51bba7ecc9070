"""Checks that a connected provider has everything that the contract demands."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from portinfra.model.catalogue import Capabilities
from portinfra.model.resources import KINDS, PublicAddress, Snapshot, Spec
from portinfra.provider.interface import Provider

LIVE = (
    "name",
    "capabilities",
    "clock",
    "drivers",
    "records",
    "account_calls",
    "account_of",
    "principal_of",
    "catalogue_calls",
    "catalogue",
    "perform",
    "more",
    "silent",
    "classify",
    "close",
)
"""The members of `Provider`."""

OPTIONAL_KINDS: Mapping[type[Spec], str] = {PublicAddress: "public_addresses", Snapshot: "snapshots"}
"""Kind → the capability without which a provider may have no driver for it. Every other kind needs a
driver.
"""


def find_defects(provider: Provider) -> list[str]:
    """Return one sentence for each part of the contract that the provider lacks or breaks."""
    if missing := [part for part in LIVE if not hasattr(provider, part)]:
        return [f"It has no {', '.join(missing)}."]
    if not isinstance(provider.drivers, Mapping):
        return ["Its drivers are no mapping of kinds to drivers."]
    if wrong := [key for key in provider.drivers if not isinstance(key, type)]:
        return [_wrong_key(key) for key in wrong]
    if nameless := [kind.__name__ for kind, each in provider.drivers.items() if not hasattr(each, "spec")]:
        return [f"Its driver for {name} has no spec." for name in nameless]
    kinds = list(provider.drivers)
    return [
        *_missing_drivers(kinds, provider.capabilities),
        *_foreign_drivers(provider),
        *_wrong_order(kinds),
    ]


def _wrong_key(key: object) -> str:
    """Return a sentence about a key of the drivers that is no class. A text may be the name of a kind."""
    kind = next((kind.__name__ for kind in KINDS if kind.__name__.lower() == str(key).lower()), "")
    return (
        f"Its drivers have the key {key!r}: use the class {kind}."
        if kind
        else (f"Its drivers have the key {key!r}, which is no class of a resource.")
    )


def _missing_drivers(kinds: list[type[Spec]], capabilities: Capabilities) -> Iterator[str]:
    for kind in KINDS:
        capability = OPTIONAL_KINDS.get(kind, "")
        if kind not in kinds and not (capability and not getattr(capabilities, capability)):
            unless = f", though its capabilities say {capability}=True" if capability else ""
            yield f"It has no driver for {kind.__name__}{unless}."


def _foreign_drivers(provider: Provider) -> Iterator[str]:
    for kind, driver in provider.drivers.items():
        if kind not in KINDS:
            yield f"It has a driver for {kind.__name__}, which is no kind of resource."
        elif driver.spec is not kind:
            yield f"Its driver for {kind.__name__} has the spec of another kind, {driver.spec.__name__}."


def _wrong_order(kinds: list[type[Spec]]) -> Iterator[str]:
    """Yield sentences about the order of drivers: `names.address_of` knows only the kinds that are read
    before.
    """
    for one, other in pairwise([kind for kind in kinds if kind in KINDS]):
        if KINDS.index(one) > KINDS.index(other):
            order = ", ".join(kind.__name__ for kind in KINDS)
            yield f"Its driver for {other.__name__} must come before {one.__name__}: the order is {order}."
            return  # the order shows everything
