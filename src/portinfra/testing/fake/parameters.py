"""The parameters of each request. The simulator checks a request against them before it serves it."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from attrs import evolve

from portinfra.model.annotations import what_it_is
from portinfra.testing.fake.account_records import Given
from portinfra.testing.fake.errors import FakeError
from portinfra.value import frozen

PROTOCOLS = ("tcp", "udp", "icmp", "all")
DIRECTIONS = ("ingress", "egress")
OWNED = ("network", "subnet", "firewall", "instance", "volume", "public-address", "snapshot")
"""The kinds that carry an owner."""


@frozen
class Parameter:
    """The type of a parameter."""

    words: str
    fits: Callable[[Any], bool]
    is_needed: bool = True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_rule(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"protocol", "first", "last", "peer"}
        and value["protocol"] in PROTOCOLS
        and isinstance(value["first"], int)
        and isinstance(value["last"], int)
        and isinstance(value["peer"], str)
    )


def _is_list(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(fits, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _maybe(parameter: Parameter) -> Parameter:
    return evolve(parameter, is_needed=False)


TEXT = Parameter("text", _is_text)
TEXT_OR_NONE = Parameter("text or null", lambda value: value is None or _is_text(value))
NUMBER = Parameter("a number", _is_number)
SWITCH = Parameter("true or false", lambda value: isinstance(value, bool))
TEXTS = Parameter("a list of texts", _is_list(_is_text))
TEXT_OR_TEXTS = Parameter(
    "text or a list of texts", lambda value: _is_text(value) or _is_list(_is_text)(value)
)
MAPPING = Parameter("an object", _is_mapping)
RULES = Parameter("a list of rules, each with protocol, first, last and peer", _is_list(_is_rule))
DIRECTION = Parameter(" or ".join(DIRECTIONS), lambda value: value in DIRECTIONS)
KIND = Parameter(f"one of {', '.join(OWNED)}", lambda value: value in OWNED)

_OWNER = {
    "tags": _maybe(MAPPING),
    "labels": _maybe(MAPPING),
    "description": _maybe(TEXT),
    "metadata": _maybe(TEXT),
}
_CREATION = {"name": TEXT, "token": _maybe(TEXT), **_OWNER}
_LIST = {
    "zone": _maybe(TEXT),
    "tag": _maybe(TEXTS),
    "prefix": _maybe(TEXT),
    "after": _maybe(TEXT),
}
_ID = {"id": TEXT}
_IDS = {"id": TEXT_OR_TEXTS}
_TRAFFIC = {"id": TEXT, "direction": DIRECTION, "rules": RULES}
_CLAIM = {"name": TEXT, "value": TEXT}

PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "DescribeRegion": {},
    "ListImages": {},
    "ListNetworks": _LIST,
    "CreateNetwork": {**_CREATION, "cidr": _maybe(TEXT)},
    "DeleteNetwork": _ID,
    "ListSubnets": _LIST,
    "CreateSubnet": {**_CREATION, "network": TEXT, "cidr": TEXT, "public": SWITCH, "zone": _maybe(TEXT)},
    "SetSubnetPublic": {**_ID, "public": SWITCH},
    "DeleteSubnet": _ID,
    "ListFirewalls": _LIST,
    "CreateFirewall": {**_CREATION, "network": TEXT},
    "AllowTraffic": _TRAFFIC,
    "RevokeTraffic": _TRAFFIC,
    "DeleteFirewall": _ID,
    "ListInstances": _LIST,
    "CreateInstance": {
        **_CREATION,
        "zone": TEXT,
        "subnet": TEXT,
        "firewall": TEXT,
        "private_address": TEXT,
        "machine_type": TEXT,
        "image_id": TEXT,
        "disk_gib": NUMBER,
        "key": TEXT_OR_NONE,
        "user_data": TEXT,
        "ssh_keys": TEXTS,
        "native": MAPPING,
        "boot_script": _maybe(TEXT),
        "ends_after": _maybe(NUMBER),
    },
    "StartInstance": _IDS,
    "StopInstance": _IDS,
    "ResizeInstance": {**_ID, "machine_type": TEXT},
    "SetInstanceFirewall": {**_ID, "firewall": TEXT},
    "DeleteInstance": _IDS,
    "ReadConsole": _ID,
    "ListVolumes": _LIST,
    "CreateVolume": {**_CREATION, "zone": TEXT, "gib": NUMBER, "key": TEXT_OR_NONE, "snapshot": TEXT_OR_NONE},
    "GrowVolume": {**_ID, "gib": NUMBER},
    "AttachVolume": {**_ID, "instance": TEXT, "device": TEXT},
    "DetachVolume": {**_ID, "instance": TEXT},
    "DeleteVolume": _ID,
    "ListPublicAddresses": _LIST,
    "CreatePublicAddress": _CREATION,
    "AssociatePublicAddress": {**_ID, "instance": TEXT},
    "DeletePublicAddress": _ID,
    "ListSnapshots": _LIST,
    "CreateSnapshot": {**_CREATION, "volume": TEXT},
    "CopySnapshot": {**_CREATION, "source": TEXT, "key": TEXT_OR_NONE},
    "ShareSnapshot": {**_ID, "account": TEXT},
    "LockSnapshot": {**_ID, "days": NUMBER},
    "ListLocks": {},
    "DeleteSnapshot": _ID,
    "SetOwner": {"kind": KIND, **_ID, "name": TEXT, **_OWNER},
    "ListClaims": _LIST,
    "CreateClaim": _CLAIM,
    "WriteClaim": _CLAIM,
    "DeleteClaim": {"name": TEXT},
    "DescribeKey": {"key": TEXT},
    "ReadPermissions": {"actions": TEXTS},
}
"""Action → its parameters."""


def check_action(action: str) -> None:
    """Raise FakeError for an unknown action."""
    if action not in PARAMETERS:
        near = get_close_matches(action, PARAMETERS, n=1)
        did = f"did you mean {near[0]!r}? " if near else ""
        raise FakeError(
            "InvalidRequest", f"there is no action {action!r}; {did}The actions are {', '.join(PARAMETERS)}"
        )


def check_request(action: str, given: Given) -> None:
    """Raise FakeError for an unknown action, and for missing, unknown or invalid parameters."""
    check_action(action)
    known = PARAMETERS[action]
    problems = [f"there is no parameter {name!r}" for name in given if name not in known]
    for name, parameter in known.items():
        value = given.get(name)
        if name not in given or (value is None and not parameter.fits(value) and not parameter.is_needed):
            problems += [f"{name} is missing"] if parameter.is_needed else []
        elif not parameter.fits(value):
            problems.append(f"{name} must be {parameter.words}, and is {what_it_is(value)}")
    if problems:
        raise FakeError("InvalidRequest", f"{action}: {'; '.join(problems)}. {takes(action)}")


def takes(action: str) -> str:
    """Return a sentence with the parameters of an action."""
    known = PARAMETERS[action]
    if not known:
        return "It takes no parameters"
    needed = [name for name, each in known.items() if each.is_needed]
    others = [name for name, each in known.items() if not each.is_needed]
    may = f"may have {', '.join(others)}" if others else ""
    needs = f"needs {', '.join(needed)}" if needed else ""
    return "It " + " and ".join(filter(None, (needs, may)))
