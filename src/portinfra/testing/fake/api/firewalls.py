"""Firewalls and the traffic that they allow. A rule is `{"protocol", "first", "last", "peer"}`."""

from collections.abc import Mapping
from typing import Any

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import admit, repeat_answer
from portinfra.testing.fake.api.ranges import bounds
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.time_line import leaving

DEFAULT_EGRESS: Mapping[str, Any] = {"protocol": "all", "first": 0, "last": 0, "peer": "0.0.0.0/0"}
RULES_MAX = 1000


def create_firewall(book: Book, given: Given) -> Answer:
    """Create a firewall with `name`, which is unique in its network, the owner and `network`."""
    if answer := repeat_answer(book, "firewall", given):
        return answer
    book.get("network", given["network"])
    for other in book.find("firewall", "name", given["name"]):
        if other["body"]["network"] == given["network"]:
            raise FakeError("AlreadyExists", f"{other['body']['id']} is a firewall of that name")
    body = admit(book, "firewall", given)
    egress = [DEFAULT_EGRESS] if book.shape.default_egress else []
    body |= {"network": given["network"], "ingress": [], "egress": egress, "peers": []}
    return book.add("firewall", body)


def allow_traffic(book: Book, given: Given) -> Answer:
    """Allow `rules` of the firewall `id` in a `direction` (`ingress`, `egress`): all of them or none."""
    firewall = book.get("firewall", given["id"])
    there = firewall["body"][given["direction"]]
    for rule in given["rules"]:
        _check(book, rule)
        if rule in there:
            raise FakeError("AlreadyExists", f"{given['id']} has the rule {rule}")
    if len(there) + len(given["rules"]) > RULES_MAX:
        raise FakeError("QuotaExceeded", f"a firewall has at most {RULES_MAX} rules a direction")
    return _write(book, firewall, given["direction"], [*there, *map(dict, given["rules"])])


def revoke_traffic(book: Book, given: Given) -> Answer:
    """Revoke `rules` of the firewall `id` in a `direction`: all of them or none."""
    firewall = book.get("firewall", given["id"])
    there = firewall["body"][given["direction"]]
    for rule in given["rules"]:
        if rule not in there:
            raise FakeError("NotFound", f"{given['id']} has no rule {rule}")
    return _write(book, firewall, given["direction"], [rule for rule in there if rule not in given["rules"]])


def delete_firewall(book: Book, given: Given) -> Answer:
    """Delete the firewall `id`. Refused while an instance uses it, or a rule of another firewall names it."""
    firewall = book.get("firewall", given["id"])
    for instance in book.find("instance", "firewall", given["id"]):
        raise FakeError("InUse", f"{instance['body']['id']} uses firewall {given['id']}")
    for other in book.find("firewall", "peers", given["id"]):
        if other is not firewall and not leaving(other):
            raise FakeError("InUse", f"a rule of {other['body']['id']} names firewall {given['id']}")
    return book.remove(firewall)


def _check(book: Book, rule: Any) -> None:
    if rule["protocol"] not in ("tcp", "udp", "icmp", "all"):
        raise FakeError("InvalidRequest", f"{rule['protocol']!r} is no protocol")
    if not 0 <= rule["first"] <= rule["last"] <= 65535:
        raise FakeError("InvalidRequest", f"{rule['first']}-{rule['last']} is no range of ports")
    if "/" in rule["peer"]:
        bounds(rule["peer"])
    else:
        book.get("firewall", rule["peer"])


def _write(book: Book, firewall: Any, direction: str, rules: list[Any]) -> Answer:
    body = {**firewall["body"], direction: rules}
    peers = sorted({r["peer"] for r in body["ingress"] + body["egress"] if "/" not in r["peer"]})
    return book.change(firewall, **{direction: rules, "peers": peers})
