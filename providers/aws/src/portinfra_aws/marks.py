"""The owner of an EC2 resource: tags that the creating request sets.

`Name` must agree with the address. So copied tags do not make a resource with another name ours.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from portinfra.model.address import Address, Owner, Scope
from portinfra.model.resources import Spec
from portinfra.provider.interface import Refs

PREFIX = "portinfra:"
"""The prefix of each tag key that portinfra owns."""

SCOPE = PREFIX + "scope"

PROTECTED: Mapping[str, str] = {PREFIX + "protect": "yes"}
"""The tag of a protected resource."""

_RESERVED = (PREFIX, "aws:")

Record = Mapping[str, Any]
Tags = dict[str, str]


@frozen
class Mark:
    """The content of the tags of a resource."""

    address: Address
    attempt: str
    named: bool
    """Whether its Name is the name that follows from its address."""
    tags: Mapping[str, str] = field(factory=dict)
    """The tags of the user."""
    part: str = ""
    """Which part of its resource it is; empty for the main part."""
    protect: bool = False
    image: str = ""
    birth: str = ""
    """Fingerprint of the first-boot data of a host. The instance has it, its parts do not."""
    key: str | None = None
    copy_of: str = ""
    """The snapshot that this snapshot is a copy of."""
    shared_with: str = ""
    """The account to share it with. Its permissions show whether it is shared."""


def write(want: Spec, refs: Refs, part: str = "") -> Tags:
    """Return the tags of a resource as it should be, or of one of its parts."""
    owner = refs.owner(want)
    tags = {
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
    return tags | {PREFIX + name: value for name, value in more.items() if value}


def read_mark(record: Record, scope: Scope) -> Mark | None:
    """Return the mark of a listed record; None if it is not of this scope."""
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
    """Return all tags of a record."""
    return {tag["key"]: tag.get("value", "") for tag in record.get("tagSet") or ()}


def attempt(record: Record) -> str:
    """Return the run that created a record's resource."""
    return tags_of(record).get(PREFIX + "attempt", "")


def declared_key(record: Record) -> str | None:
    """Return the key of a disk in the form that was declared."""
    return tags_of(record).get(PREFIX + "key") or None


def first_reserved_tag(tags: Mapping[str, str]) -> str | None:
    """Return the first key among a user's tags that is reserved; None if there is none."""
    return next((key for key in sorted(tags) if key == "Name" or key.startswith(_RESERVED)), None)


def specification(resource: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the `TagSpecification` of a creating request."""
    return {"ResourceType": resource, "Tag": pairs(tags)}


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form that a request takes."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def keys(names: Iterable[str]) -> list[dict[str, str]]:
    """Return tag keys in the form that a request to remove tags takes."""
    return [{"Key": key} for key in sorted(names)]
