"""How a resource of Compute Engine carries its owner.

All kinds have a `description`, which is written once, at creation: a JSON object with the owner and with what
is asked for and told in other words (a key, an image). Instances, disks, addresses and snapshots have labels
too, which can be rewritten: these say who owns it now, its tags, and whether it is protected.

A name can never change. It is the one that its owner gave it when it was made; what bears another is no
resource of ours, whatever its labels say.
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
    """What a resource says of itself."""

    address: Address
    attempt: str
    tags: Mapping[str, str] = field(factory=dict)
    protect: bool = False
    said: Mapping[str, Any] = field(factory=dict)
    """What its description says besides."""


def description(want: Spec, refs: Refs, **more: Any) -> str:
    """The description that a resource is born with."""
    owner = refs.owner(want)
    said = {
        "v": Owner.VERSION,
        "scope": str(owner.scope),
        "address": str(owner.address),
        "attempt": owner.attempt,
        **{name: value for name, value in more.items() if value},
    }
    return json.dumps({"portinfra": said}, sort_keys=True, separators=(",", ":"))


def labels(want: Spec, refs: Refs, native_name: str, part: str = "") -> dict[str, str]:
    """The labels of a resource as it should be; of one of its parts, without the user's tags, since these
    would have to be changed there, too.
    """
    owner, name = refs.owner(want), owner_name(refs.scope, native_name)
    tags = {} if part else getattr(want, "tags", {})
    more = {
        "born": name if name != owner.address.name else "",
        "part": part,
        "protect": "yes" if getattr(want, "protect", False) else "",
    }
    return {
        **spelling.spelt(tags),
        PREFIX + "v": Owner.VERSION,
        PREFIX + "scope": owner.scope.hash,
        PREFIX + "name": owner.address.name,
        PREFIX + "attempt": owner.attempt,
        **{PREFIX + key: value for key, value in more.items() if value},
    }


def read_mark(record: Record, scope: Scope, kind: str) -> Mark | None:
    """The mark of a record that a list shows; None where it is not of this scope, or not of this name."""
    said = _read_description(record)
    labels: Mapping[str, str] = record.get("labels") or {}
    if labels.get(PREFIX + "scope") == scope.hash:
        name = labels.get(PREFIX + "name", "")
        mark = Mark(
            Address(f"{kind}.{name}"),
            labels.get(PREFIX + "attempt", ""),
            spelling.read_tags(labels),
            labels.get(PREFIX + "protect") == "yes",
            said,
        )
        born = labels.get(PREFIX + "born", name)
        return None if labels.get(PREFIX + "part") or not _bears(record, scope, born) else mark
    address = Address(said.get("address", ""))
    if said.get("scope") != str(scope) or address.kind != kind:
        return None
    tags = said.get("tags") or spelling.read_tags(labels)
    mark = Mark(address, said.get("attempt", ""), tags, bool(said.get("protect")), said)
    return mark if _bears(record, scope, said.get("born", address.name)) else None


def impossible(want: Spec, text: str = "") -> Refuse | None:
    """Why a resource cannot bear its mark."""
    if len(text) > DESCRIPTION_MAX:
        return Refuse(
            f"its tags do not fit into a description of {DESCRIPTION_MAX} characters", "Shorten them."
        )
    return spelling.impossible(getattr(want, "tags", {}))


def owner_name(scope: Scope, native_name: str) -> str:
    """The name, within the scope, that a native name was made of."""
    return scope.resource_name(native_name) or ""


def _bears(record: Record, scope: Scope, name: str) -> bool:
    return bool(record["name"] == scope.native_name(name))


def _read_description(record: Record) -> Mapping[str, Any]:
    try:
        said = json.loads(record.get("description") or "")["portinfra"]
    except (ValueError, KeyError, TypeError):
        return {}
    return said if isinstance(said, Mapping) else {}
