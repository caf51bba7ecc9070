"""Network tags.

https://cloud.google.com/vpc/docs/add-remove-network-tags
"""

import re
from typing import Any

from emulator.call import Call, serves
from emulator.engine import change, steady
from emulator.errors import invalid
from emulator.fingerprints import demand, fingerprint

MOST = 64
STALE = "Supplied fingerprint does not match current tags fingerprint."
_TAG = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?\Z")


def check(field: str, items: list[str]) -> None:
    """ "The maximum number of tags per VM is 64"; each complies with RFC 1035: Restrictions."""
    if len(items) > MOST:
        raise invalid(field, "", f"At most {MOST} tags are allowed.")
    for tag in items:
        if not _TAG.match(tag):
            raise invalid(field, tag, f"Must be a match of regex '{_TAG.pattern[:-2]}'")
        if items.count(tag) > 1:
            raise invalid(field, tag, f"Duplicate tag: {tag}")


def complete(body: dict[str, Any]) -> None:
    """Those of an instance to be made."""
    items = body.get("tags", {}).get("items", [])
    check("resource.tags", items)
    body["tags"] = _told(items)


def _told(items: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"fingerprint": fingerprint(sorted(items))}
    if items:
        told["items"] = sorted(items)
    return told


@serves("instances.setTags")
def set_tags(call: Call) -> dict[str, Any]:
    """All at once, against the fingerprint of those that were there."""
    instance = steady(call.target())
    items = call.body.get("items", [])

    def show() -> None:
        demand(call.body.get("fingerprint"), instance.body["tags"].get("items", []), STALE)

    def act() -> None:
        show()
        instance.body["tags"] = _told(items)

    show()
    check("tags", items)
    return change(call, act)
