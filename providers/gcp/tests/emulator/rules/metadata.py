"""Metadata of instances and projects.

https://cloud.google.com/compute/docs/metadata/setting-custom-metadata
"""

from typing import Any

from emulator import operations
from emulator.call import Call, serves
from emulator.engine import change, steady
from emulator.errors import GceError, invalid
from emulator.fingerprints import demand, fingerprint
from emulator.kinds import Kind
from emulator.project import Resource

VALUE_BYTES = 256 * 1024
WHOLE_BYTES = 512 * 1024
STALE = "Supplied fingerprint does not match current metadata fingerprint."


def check(field: str, items: list[dict[str, Any]]) -> None:
    """ "Each value can't exceed 256 KB […] total size of all metadata entries […] 512 KB": Limits."""
    keys = [item["key"] for item in items]
    for key in keys:
        if keys.count(key) > 1:
            raise invalid(field, key, f"Duplicate metadata key: {key}")
    sizes = [len(item.get("value", "").encode()) for item in items]
    for item, size in zip(items, sizes, strict=True):
        if size > VALUE_BYTES:
            why = f"The value of key '{item['key']}' exceeds {VALUE_BYTES} bytes."
            raise GceError(413, "uploadTooLarge", f"Value for field '{field}' is too large. {why}")
    if sum(sizes) + sum(map(len, keys)) > WHOLE_BYTES:
        raise GceError(413, "uploadTooLarge", f"Value for field '{field}' is too large: {WHOLE_BYTES} bytes.")


def complete(body: dict[str, Any]) -> None:
    """That of an instance to be made."""
    items = body.get("metadata", {}).get("items", [])
    check("resource.metadata", items)
    body["metadata"] = _told(items)


def _told(items: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": "compute#metadata", "fingerprint": fingerprint(items)}
    if items:
        told["items"] = items
    return told


@serves("instances.setMetadata")
def set_metadata(call: Call) -> dict[str, Any]:
    """All of it at once: "otherwise the request will fail with error 412 conditionNotMet"."""
    instance = steady(call.target())
    items = call.body.get("items", [])

    def show() -> None:
        demand(call.body.get("fingerprint"), instance.body["metadata"].get("items", []), STALE)

    def act() -> None:
        show()
        instance.body["metadata"] = _told(items)

    show()
    check("metadata", items)
    return change(call, act)


@serves("projects.setCommonInstanceMetadata")
def set_common(call: Call) -> dict[str, Any]:
    """The project's, all of it at once."""
    there = call.project
    items = call.body.get("items", [])

    def show() -> None:
        demand(call.body.get("fingerprint"), there.metadata.get("items", []), STALE)

    show()
    check("metadata", items)
    body = {"name": there.id, "id": there.number}
    whole = Resource(Kind("", "project", "compute#project", ()), there.id, "global", body, 0.0, 0.0, "ready")

    def act() -> None:
        show()
        there.metadata = _told(items)

    return operations.begin(call, whole, act)
