"""Firewall rules: which fields go together.

https://cloud.google.com/firewall/docs/firewalls, https://cloud.google.com/firewall/docs/using-firewalls
"""

import copy
import ipaddress
import re
from typing import Any

from emulator.call import Call, making, serves
from emulator.engine import change
from emulator.errors import invalid
from emulator.rules import descriptions
from emulator.rules.networks import referred

_PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip", "all")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?\Z")
_TAG = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")
_MOST = {
    # https://cloud.google.com/firewall/docs/quotas ("Per firewall rule")
    "sourceTags": 30,
    "targetTags": 70,
    "sourceServiceAccounts": 10,
    "targetServiceAccounts": 10,
    "sourceRanges": 5000,
    "destinationRanges": 5000,
}
_INGRESS = ("sourceRanges", "sourceTags", "sourceServiceAccounts")


@making("firewalls")
def fits_together(call: Call, body: dict[str, Any]) -> None:
    """Completes a rule, or refuses it."""
    body["network"] = referred(call, "resource.network", body.get("network", "global/networks/default")).link
    _complete(body)


def _complete(body: dict[str, Any]) -> None:
    direction = body.setdefault("direction", "INGRESS") or "INGRESS"
    body.setdefault("priority", 1000)
    body.setdefault("disabled", False)
    body.setdefault("logConfig", {"enable": False})
    body.setdefault("description", "")
    for name in [name for name in (*_MOST, "allowed", "denied") if body.get(name) == []]:
        del body[name]
    if not 0 <= body["priority"] <= 65535:
        raise invalid("resource.priority", body["priority"], "Must be between 0 and 65535.")
    # "A rule's action is either allow or deny": VPC firewall rules, Action on match
    if ("allowed" in body) == ("denied" in body):
        raise invalid("resource", "", "Exactly one of allowed and denied must be specified.")
    for action in ("allowed", "denied"):
        for entry in body.get(action, ()):
            _check_entry(f"resource.{action}", entry)
    if direction == "EGRESS":
        for name in _INGRESS:
            if name in body:
                raise invalid(f"resource.{name}", body[name], f"{name} cannot be set on an EGRESS rule.")
        body.setdefault("destinationRanges", ["0.0.0.0/0"])
    elif not any(name in body for name in (*_INGRESS, "destinationRanges")):
        # "If you omit a source specification, […] any IPv4 address": Sources for ingress rules
        body["sourceRanges"] = ["0.0.0.0/0"]
    _check_peers(body)


def _check_entry(where: str, entry: dict[str, Any]) -> None:
    protocol = entry.get("IPProtocol", "").lower()
    if protocol not in _PROTOCOLS and not (protocol.isdigit() and int(protocol) <= 255):
        raise invalid(f"{where}.IPProtocol", entry.get("IPProtocol", ""), "Unknown protocol.")
    entry["IPProtocol"] = protocol
    if entry.get("ports") and protocol not in ("tcp", "udp", "sctp", "6", "17", "132"):
        raise invalid(f"{where}.ports", entry["ports"], f"Ports may not be specified for {protocol}.")
    for text in entry.get("ports", ()):
        found = _PORTS.match(text)
        if not found or not int(found[1]) <= int(found[2] or found[1]) <= 65535:
            raise invalid(f"{where}.ports", text, "Must be a port number or a range of port numbers.")


def _check_peers(body: dict[str, Any]) -> None:
    for name, most in _MOST.items():
        if len(body.get(name, ())) > most:
            raise invalid(f"resource.{name}", body[name], f"At most {most} are allowed.")
    for name in ("sourceTags", "targetTags"):
        for tag in body.get(name, ()):
            if not _TAG.match(tag):
                raise invalid(f"resource.{name}", tag, f"Must be a match of regex '{_TAG.pattern[:-2]}'")
    # "You cannot mix and match service accounts and network tags": Source and target filtering by service
    # account versus network tag
    accounts = any(name in body for name in ("sourceServiceAccounts", "targetServiceAccounts"))
    if accounts and any(name in body for name in ("sourceTags", "targetTags")):
        raise invalid("resource", "", "Service accounts and tags cannot be used in the same rule.")
    for name in ("sourceRanges", "destinationRanges"):
        for text in body.get(name, ()):
            try:
                ipaddress.ip_network(text)
            except ValueError:
                raise invalid(f"resource.{name}", text, "Must be a CIDR address range.") from None


@serves("firewalls.patch", "firewalls.update")
def patch(call: Call) -> dict[str, Any]:
    """PATCH replaces the fields that it names; "all fields will be updated if using PUT": the document."""
    rule = call.target()
    kept = ("kind", "id", "creationTimestamp", "selfLink", "name", "network", "direction")
    wanted = copy.deepcopy(rule.body)
    if call.method.action == "update":
        wanted = {name: wanted[name] for name in kept}
    given = dict(call.body)
    if "network" in given:
        given["network"] = referred(call, "resource.network", given["network"]).link
    for name in ("name", "network", "direction"):
        if given.get(name, wanted[name]) != wanted[name]:
            raise invalid(f"resource.{name}", given[name], "The field cannot be changed.")
    for one, other in (("allowed", "denied"), ("denied", "allowed")):
        if given.get(one) and other not in given:
            wanted.pop(other, None)
    wanted.update(given)
    for name in call.nulls:
        wanted.pop(name, None)
    _complete(wanted)
    descriptions.check(wanted)

    def act() -> None:
        rule.body.clear()
        rule.body.update(wanted)

    return change(call, act)
