"""The owner of a libvirt resource: one JSON object, in metadata or in a description.

Networks and domains have metadata. The file of a disk has only its name; the libvirt secret that opens it has
a description. A filter has a comment on one of its rules.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from portinfra.model.address import Address, Owner, Scope
from portinfra.model.resources import Spec
from portinfra.provider.interface import Refs

Mark = Mapping[str, Any]


def mark(want: Spec, refs: Refs, **more: Any) -> dict[str, Any]:
    """Return the mark of a resource, without empty values."""
    owner = refs.owner(want)
    said = {
        "v": Owner.VERSION,
        "scope": str(owner.scope),
        "address": str(owner.address),
        "attempt": owner.attempt,
        "tags": dict(getattr(want, "tags", {})),
        "protect": getattr(want, "protect", False),
        **more,
    }
    return {name: value for name, value in said.items() if value}


def owning(said: Mark, want: Spec) -> dict[str, Any]:
    """Return the same mark with another owner, with its tags and protection."""
    new = {
        **said,
        "address": str(want.address),
        "tags": dict(getattr(want, "tags", {})),
        "protect": getattr(want, "protect", False),
    }
    return {name: value for name, value in new.items() if value}


def to_text(said: Mark) -> str:
    """Return the mark as text."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def read_mark(text: str | None, scope: Scope, kind: str) -> Mark | None:
    """Return the mark in a text; None if it is not of this scope and kind."""
    said = parse_mark(text)
    ours = said.get("scope") == str(scope) and Address(str(said.get("address", ""))).kind == kind
    return said if ours else None


def parse_mark(text: str | None) -> Mark:
    """Return the mark in a text, of any owner; empty if there is none."""
    try:
        said = json.loads(text or "")
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def is_mark(text: str | None) -> bool:
    """Return whether a text is the mark of any resource of any scope."""
    return bool(parse_mark(text).get("scope"))


def unique_id(*words: object) -> str:
    """Return the UUID that follows from these words. It is the same wherever it is computed."""
    return str(uuid.uuid5(_NAMESPACE, " ".join(map(str, words))))


_NAMESPACE = uuid.UUID("5a8f2a9e-6d0b-4f7e-9c11-7d0a5be0c9a4")
