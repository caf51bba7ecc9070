"""The ways in which a resource carries its owner: tags, labels, a description, metadata, or its name alone.

A carrier writes a `Mark` into the parameters of a request and reads it from a record. A resource whose name
does not confirm the mark is not ours: a tag can be copied (law 5).
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from portinfra.model.address import Address, Owner, Scope
from portinfra.model.resources import Spec
from portinfra.testing.fake.shapes import Carrier as CarrierName
from portinfra.value import frozen

Record = Mapping[str, Any]
Fields = dict[str, Any]

PREFIX = "portinfra-"
"""The beginning of the key of each tag and label that is portinfra's and not the user's."""

LABEL_MAX = 63


@frozen
class Mark:
    """The data that a resource must carry, because its cloud has no other place for it."""

    owner: Owner
    tags: Mapping[str, str]
    protect: bool = False
    image: str = ""
    """The logical image; empty for all but instances, and where only a name is carried."""
    birth: str = ""
    """The digests of the values at the creation; empty for other kinds, or if only a name is carried."""


def mark_of(spec: Spec, owner: Owner) -> Mark:
    """Return the mark that a resource should have."""
    return Mark(
        owner,
        getattr(spec, "tags", {}),
        getattr(spec, "protect", False),
        getattr(spec, "image", ""),
        getattr(spec, "birth", ""),
    )


class Carrier(Protocol):
    """One form of a mark in requests and records."""

    def write(self, mark: Mark) -> Fields:
        """Return the parameters with the mark, besides the name. Raises ValueError for invalid tags."""

    def read(self, record: Record, scope: Scope, kind: str) -> Mark | None:
        """Return the mark of a record; None if it is not of this scope."""

    def narrow(self, scope: Scope) -> Fields:
        """Return the parameters of a list of this scope only; empty where the cloud cannot select."""


def _is_confirmed(record: Record, scope: Scope, name: str) -> bool:
    return bool(record["name"] == scope.native_name(name))


class Tags:
    """Tags: free text under free keys, as on EC2."""

    def write(self, mark: Mark) -> Fields:
        """Return all values in tags, in plain text."""
        owner = mark.owner
        tags = {
            **mark.tags,
            PREFIX + "version": Owner.VERSION,
            PREFIX + "scope": str(owner.scope),
            PREFIX + "address": str(owner.address),
            PREFIX + "attempt": owner.attempt,
        }
        if mark.protect:
            tags[PREFIX + "protect"] = "yes"
        if mark.image:
            tags[PREFIX + "image"] = mark.image
        if mark.birth:
            tags[PREFIX + "birth"] = mark.birth
        return {"tags": tags}

    def read(self, record: Record, scope: Scope, kind: str) -> Mark | None:
        """Return the mark in the tags."""
        tags = record["tags"]
        if tags.get(PREFIX + "scope") != str(scope):
            return None
        address = Address(tags.get(PREFIX + "address", ""))
        if address.kind != kind or not _is_confirmed(record, scope, address.name):
            return None
        return Mark(
            Owner(scope, address, tags.get(PREFIX + "attempt", "")),
            {key: value for key, value in tags.items() if not key.startswith(PREFIX)},
            PREFIX + "protect" in tags,
            tags.get(PREFIX + "image", ""),
            tags.get(PREFIX + "birth", ""),
        )

    def narrow(self, scope: Scope) -> Fields:
        """Return the tag of the scope."""
        return {"tag": (PREFIX + "scope", str(scope))}


class Labels:
    """Labels: lower case, no dots or slashes, 63 characters, as on Compute Engine.

    A user's tag that is no valid label is escaped: `_` and two hexadecimal digits for each byte.
    """

    def write(self, mark: Mark) -> Fields:
        """Return the scope as its hash, and the address as its name, because the list shows the kind."""
        owner = mark.owner
        labels = labels_of(mark.tags)
        for key, value in labels.items():
            if len(key) > LABEL_MAX or len(value) > LABEL_MAX:
                tag = _plain(key.removeprefix("t-"))
                raise ValueError(f"the tag {tag!r} is too long for a label of {LABEL_MAX} characters")
        labels |= {
            PREFIX + "version": Owner.VERSION,
            PREFIX + "scope": owner.scope.hash,
            PREFIX + "name": owner.address.name,
            PREFIX + "attempt": owner.attempt,
        }
        if mark.protect:
            labels[PREFIX + "protect"] = "yes"
        if mark.image:
            labels[PREFIX + "image"] = _escape(mark.image)
        if mark.birth:
            labels[PREFIX + "birth"] = mark.birth
        return {"labels": labels}

    def read(self, record: Record, scope: Scope, kind: str) -> Mark | None:
        """Return the mark in the labels."""
        labels = record["labels"]
        name = labels.get(PREFIX + "name", "")
        if labels.get(PREFIX + "scope") != scope.hash or not _is_confirmed(record, scope, name):
            return None
        return Mark(
            Owner(scope, Address(f"{kind}.{name}"), labels.get(PREFIX + "attempt", "")),
            {_plain(key[2:]): _plain(value) for key, value in labels.items() if key.startswith("t-")},
            PREFIX + "protect" in labels,
            _plain(labels.get(PREFIX + "image", "")),
            labels.get(PREFIX + "birth", ""),
        )

    def narrow(self, scope: Scope) -> Fields:
        """Return the label of the scope."""
        return {"tag": (PREFIX + "scope", scope.hash)}


class Json:
    """One JSON object, as text in a description or as libvirt's metadata."""

    def __init__(self, field: str) -> None:
        self._field = field

    def write(self, mark: Mark) -> Fields:
        """Return all values in one object."""
        owner = mark.owner
        fields = {
            "version": Owner.VERSION,
            "scope": str(owner.scope),
            "address": str(owner.address),
            "attempt": owner.attempt,
            "tags": dict(mark.tags),
            "protect": mark.protect,
            "image": mark.image,
            **({"birth": mark.birth} if mark.birth else {}),
        }
        return {self._field: json.dumps({"portinfra": fields}, sort_keys=True)}

    def read(self, record: Record, scope: Scope, kind: str) -> Mark | None:
        """Return the mark in the object. Any other text belongs to others."""
        try:
            fields = json.loads(record[self._field])["portinfra"]
            address = Address(fields["address"])
            if fields["scope"] != str(scope) or address.kind != kind:
                return None
            owner = Owner(scope, address, fields["attempt"])
            mark = Mark(owner, fields["tags"], fields["protect"], fields["image"], fields.get("birth", ""))
        except (ValueError, KeyError, TypeError):
            return None
        return mark if _is_confirmed(record, scope, address.name) else None

    def narrow(self, scope: Scope) -> Fields:
        """Return nothing: no list selects by a text."""
        return {}


class Name:
    """The name alone, which ends in a hash of the scope."""

    def write(self, mark: Mark) -> Fields:
        """Return nothing: every request sends the name."""
        return {}

    def read(self, record: Record, scope: Scope, kind: str) -> Mark | None:
        """Return the mark in the name."""
        name = scope.resource_name(record["name"])
        if name is None:
            return None
        return Mark(Owner(scope, Address(f"{kind}.{name}"), ""), {})

    def narrow(self, scope: Scope) -> Fields:
        """Return nothing: no list selects by the end of a name."""
        return {}


CARRIERS: Mapping[CarrierName, Carrier] = {
    "tags": Tags(),
    "labels": Labels(),
    "description": Json("description"),
    "metadata": Json("metadata"),
    "name": Name(),
}


def labels_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the labels for a user's tags."""
    return {"t-" + _escape(key): _escape(value) for key, value in tags.items()}


_ILLEGAL = re.compile(r"[^a-z0-9-]")
_ESCAPE = re.compile(r"(?:_[0-9a-f]{2})+")


def _escape(text: str) -> str:
    return _ILLEGAL.sub(lambda found: "".join(f"_{byte:02x}" for byte in found[0].encode()), text)


def _plain(label: str) -> str:
    if "_" not in label:
        return label
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[0].replace("_", "")).decode(errors="replace"), label)
