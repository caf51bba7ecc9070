"""How a resource of EC2 carries its owner: in tags, from its first moment.

`Name` agrees with the address, so that tags which somebody copied make nothing ours that bears another name.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from portinfra.model.address import Address, Owner, Scope
from portinfra.model.resources import Spec
from portinfra.provider.interface import Refs

PREFIX = "portinfra:"
"""Begins the key of each tag that is ours and not the user's."""

SCOPE = PREFIX + "scope"

_RESERVED = (PREFIX, "aws:")

Record = Mapping[str, Any]
Tags = dict[str, str]


@frozen
class Mark:
    """What the tags of a resource say."""

    address: Address
    attempt: str
    named: bool
    """Whether its Name is the one that its address gives it."""
    tags: Mapping[str, str] = field(factory=dict)
    """The user's own."""
    part: str = ""
    """Which part of its resource it is; empty: the main one."""
    protect: bool = False
    image: str = ""
    birth: str = ""
    """What a host was born with; on the instance itself, not on its parts."""
    key: str | None = None
    copy_of: str = ""
    """What a snapshot is a copy of."""
    shared_with: str = ""
    """The account that it is to be shared with; whether it is, its permissions say."""


def write(want: Spec, refs: Refs, part: str = "") -> Tags:
    """The tags of a resource as it should be, or of one of its parts."""
    owner = refs.owner(want)
    said = {
        **getattr(want, "tags", {}),
        "Name": refs.name(want),
        PREFIX + "v": Owner.VERSION,
        SCOPE: str(owner.scope),
        PREFIX + "address": str(owner.address),
        PREFIX + "attempt": owner.attempt,
    }
    more = {
        "part": part,
        "image": getattr(want, "image", ""),
        "birth": "" if part else getattr(want, "birth", ""),
        "key": getattr(want, "key", None) or "",
        "copy-of": getattr(want, "copy_of", ""),
        "shared-with": getattr(want, "shared_with", ""),
        "protect": "yes" if getattr(want, "protect", False) else "",
    }
    return said | {PREFIX + name: value for name, value in more.items() if value}


def read_mark(record: Record, scope: Scope) -> Mark | None:
    """The mark of a record that a list shows; None where it is not of this scope."""
    tags = tags_of(record)
    if tags.get(SCOPE) != str(scope):
        return None
    address = Address(tags.get(PREFIX + "address", ""))
    return Mark(
        address,
        tags.get(PREFIX + "attempt", ""),
        named=tags.get("Name") == scope.native_name(address.name),
        tags={key: value for key, value in tags.items() if key != "Name" and not key.startswith(_RESERVED)},
        part=tags.get(PREFIX + "part", ""),
        protect=tags.get(PREFIX + "protect") == "yes",
        image=tags.get(PREFIX + "image", ""),
        birth=tags.get(PREFIX + "birth", ""),
        key=tags.get(PREFIX + "key") or None,
        copy_of=tags.get(PREFIX + "copy-of", ""),
        shared_with=tags.get(PREFIX + "shared-with", ""),
    )


def tags_of(record: Record) -> Tags:
    """All tags of a record."""
    return {tag["key"]: tag.get("value", "") for tag in record.get("tagSet") or ()}


def attempt(record: Record) -> str:
    """The run that made a record's resource."""
    return tags_of(record).get(PREFIX + "attempt", "")


def declared_key(record: Record) -> str | None:
    """The word in which the key of a disk was asked for."""
    return tags_of(record).get(PREFIX + "key") or None


def first_reserved_tag(tags: Mapping[str, str]) -> str | None:
    """The first key among a user's tags that is not the user's to set."""
    return next((key for key in sorted(tags) if key == "Name" or key.startswith(_RESERVED)), None)


def specification(resource: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags that a creating request puts on what it makes: `TagSpecification`."""
    return {"ResourceType": resource, "Tag": pairs(tags)}


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a request takes them."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def keys(names: Iterable[str]) -> list[dict[str, str]]:
    """Keys of tags as a request takes them that removes these tags."""
    return [{"Key": key} for key in sorted(names)]
