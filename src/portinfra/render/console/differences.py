"""The differences of attributes, in a few words each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portinfra.model.change import Difference
from portinfra.model.observed import UNSEEN
from portinfra.model.plain import JsonObject
from portinfra.model.resources import Rule, present_name
from portinfra.model.topology import ANYWHERE, INTERNET
from portinfra.safe_text import visible


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """Yield a line for each attribute, `gib: 100 → 200`; for lists and tags, one for each entry."""
    for difference in differences:
        before, after = difference.before, difference.after
        name = field_text(difference.field)
        if difference.field in ("ingress", "egress"):
            direction = "from" if difference.field == "ingress" else "to"
            yield from (f"open, not declared: {way(gone, direction)}" for gone in before if gone not in after)
            yield from (f"missing: {way(new, direction)}" for new in after if new not in before)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _entries(name, before, after)
        elif isinstance(before, tuple) and isinstance(after, tuple):
            yield from (f"{name}: - {value(gone)}" for gone in before if gone not in after)
            yield from (f"{name}: + {value(new)}" for new in after if new not in before)
        else:
            yield f"{name}: {value(before)} → {value(after)}"


def field_text(name: str) -> str:
    """Return the text of an attribute: its present name, with spaces."""
    return present_name(name).replace("_", " ")


def _entries(name: str, before: JsonObject, after: JsonObject) -> Iterator[str]:
    for key in sorted({**before, **after}):
        if before.get(key) != after.get(key):
            yield f"{name}.{visible(key)}: {value(before.get(key))} → {value(after.get(key))}"


def value(given: Any) -> str:
    """Return a value as text: without quotes, a rule in words, no value as `(none)`."""
    if given is UNSEEN:
        return "(not known)"
    if given is None or given in ("", (), {}):
        return "(none)"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Rule):
        return f"{traffic(given)} and {peer(given)}"
    if isinstance(given, tuple):
        return ", ".join(value(one) for one in given)
    if isinstance(given, Mapping):
        return ", ".join(f"{visible(key)}={value(one)}" for key, one in sorted(given.items()))
    return visible(str(given))


def way(given: Rule, direction: str) -> str:
    """Return the traffic of a rule with its direction: `tcp 22 from the internet`, `tcp 5432 to db`."""
    other = peer(given)
    return f"{traffic(given)} {direction} {'the internet' if other == INTERNET else other}"


def traffic(given: Rule) -> str:
    """Return the traffic of a rule: `tcp 443`, `tcp 8000-8100`, `icmp`."""
    if given.protocol == "icmp":
        return "icmp"
    ports = str(given.first) if given.first == given.last else f"{given.first}-{given.last}"
    return f"{given.protocol} {ports}"


def peer(given: Rule) -> str:
    """Return the other end of a rule: a role, a CIDR, or `internet`."""
    firewall = given.peer_firewall
    if firewall:
        return firewall.name
    return INTERNET if given.peer == ANYWHERE else given.peer
