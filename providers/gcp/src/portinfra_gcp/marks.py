"""The owner of a Compute Engine resource: a description, and labels where the kind has them.

All kinds have a `description`, which portinfra writes once, at creation. It is a JSON object with the owner,
and with declared values that Compute Engine returns in another form (a key, an image). Instances, disks,
addresses and snapshots also have labels, which portinfra can rewrite. These hold the current owner, the tags
and the protection.

A name can never change. It is the name that the first owner gave it. A resource with another name is not
ours, whatever its labels say.
"""

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from portinfra.model.address import Address, Owner, Scope
from portinfra.model.resources import Spec
from portinfra.provider.interface import Refs, Refuse
from portinfra_gcp import labels as spelling
from portinfra_gcp.labels import PREFIX

Record = Mapping[str, Any]

DESCRIPTION_MAX = 2048


@frozen
class Mark:
    """The content of a resource's description and labels."""

    address: Address
    attempt: str
    tags: Mapping[str, str] = field(factory=dict)
    protect: bool = False
    content: Mapping[str, Any] = field(factory=dict)
    """The further content of its description."""


def description(want: Spec, refs: Refs, **more: Any) -> str:
    """Return the description of a new resource."""
    owner = refs.owner(want)
    content = {
        "v": Owner.VERSION,
        "scope": str(owner.scope),
        "address": str(owner.address),
        "attempt": owner.attempt,
        **{name: value for name, value in more.items() if value},
    }
    return json.dumps({"portinfra": content}, sort_keys=True, separators=(",", ":"))


def labels(want: Spec, refs: Refs, native_name: str, part: str = "") -> dict[str, str]:
    """Return the labels of a resource as it should be.

    A part of it has no tags of the user, because portinfra would have to change them there, too.
    """
    owner, name = refs.owner(want), owner_name(refs.scope, native_name)
    tags = {} if part else getattr(want, "tags", {})
    more = {
        "born": name if name != owner.address.name else "",
        "part": part,
        "protect": "yes" if getattr(want, "protect", False) else "",
    }
    return {
        **spelling.spell_labels(tags),
        PREFIX + "v": Owner.VERSION,
        PREFIX + "scope": owner.scope.hash,
        PREFIX + "name": owner.address.name,
        PREFIX + "attempt": owner.attempt,
        **{PREFIX + key: value for key, value in more.items() if value},
    }


def read_mark(record: Record, scope: Scope, kind: str) -> Mark | None:
    """Return the mark of a listed record; None if its scope or its name is not the expected one."""
    content = _read_description(record)
    labels: Mapping[str, str] = record.get("labels") or {}
    if labels.get(PREFIX + "scope") == scope.hash:
        name = labels.get(PREFIX + "name", "")
        mark = Mark(
            Address(f"{kind}.{name}"),
            labels.get(PREFIX + "attempt", ""),
            spelling.read_tags(labels),
            labels.get(PREFIX + "protect") == "yes",
            content,
        )
        born = labels.get(PREFIX + "born", name)
        return None if labels.get(PREFIX + "part") or not _bears(record, scope, born) else mark
    address = Address(content.get("address", ""))
    if content.get("scope") != str(scope) or address.kind != kind:
        return None
    tags = content.get("tags") or spelling.read_tags(labels)
    mark = Mark(address, content.get("attempt", ""), tags, bool(content.get("protect")), content)
    return mark if _bears(record, scope, content.get("born", address.name)) else None


def refuse_mark(want: Spec, text: str = "") -> Refuse | None:
    """Return why a resource cannot carry its mark; None if it can."""
    if len(text) > DESCRIPTION_MAX:
        return Refuse(
            f"its tags do not fit into a description of {DESCRIPTION_MAX} characters", "Shorten the tags."
        )
    return spelling.refuse_tags(getattr(want, "tags", {}))


def owner_name(scope: Scope, native_name: str) -> str:
    """Return the name, within the scope, from which a native name was built."""
    return scope.resource_name(native_name) or ""


def _bears(record: Record, scope: Scope, name: str) -> bool:
    return bool(record["name"] == scope.native_name(name))


def _read_description(record: Record) -> Mapping[str, Any]:
    try:
        content = json.loads(record.get("description") or "")["portinfra"]
    except (ValueError, KeyError, TypeError):
        return {}
    return content if isinstance(content, Mapping) else {}
