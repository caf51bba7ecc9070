"""The state of a record at a moment. There is no event loop: only comparisons of moments with now.

A record is `{"kind", "body", "was", "created", "ready", "deleted", "gone", "fault"}`. `was` has its former
bodies, each with the end of its validity. `failed_change` is the last change, if that failed after it was
accepted.
"""

from typing import Any

from portinfra.testing.fake.store import Record

FOREVER = 1e18


def body_at(record: Record, moment: float) -> dict[str, Any]:
    """Return the body of a record at a moment."""
    for until, body in record["was"]:
        if moment < until:
            return body  # type: ignore[no-any-return]
    return record["body"]  # type: ignore[no-any-return]


def exists(record: Record, moment: float) -> bool:
    """Return whether it is created and not gone. Until then its name and its addresses are used."""
    return bool(record["created"] <= moment < record["gone"])


def leaving(record: Record) -> bool:
    """Return whether its deletion was requested."""
    return bool(record["deleted"] < FOREVER)


def state_at(record: Record, moment: float) -> str:
    """Return `pending`, `available`, `deleting`, `terminated` or `failed`; for instances also the power
    state.
    """
    if moment >= record["gone"]:
        return "terminated"
    if moment >= record["deleted"]:
        return "deleting"
    if moment < record["ready"]:
        return "pending"
    if record["fault"]:
        return "failed"
    if (failed := record.get("failed_change")) and failed["since"] <= moment < failed["until"]:
        return _PASSAGES.get(failed["action"], "deleting" if "Delete" in failed["action"] else "pending")
    if record["kind"] == "instance":
        return _power(body_at(record, moment), moment)
    return "available"


_PASSAGES = {"StartInstance": "starting", "StopInstance": "stopping"}


def _power(body: dict[str, Any], moment: float) -> str:
    if moment >= body.get("ends_at", FOREVER):
        return "stopped"
    if moment < body["power_at"]:
        return "starting" if body["power"] == "running" else "stopping"
    return str(body["power"])


def attachment_at(body: dict[str, Any], moment: float) -> dict[str, Any] | None:
    """Return the attachment of a volume: `{"instance", "device", "state"}`."""
    if not body["instance"] or moment >= body["detached_at"]:
        return None
    state = "attached"
    if body["detached_at"] < FOREVER:
        state = "detaching"
    elif moment < body["attached_at"]:
        state = "attaching"
    return {"instance": body["instance"], "device": body["device"], "state": state}


def is_captured(snapshot: dict[str, Any], moment: float) -> bool:
    """Return whether the snapshot with this body has the data of its volume, so that no later write changes
    it. Files of older versions have no moment: their snapshots have their data at once.
    """
    return bool(moment >= snapshot.get("captured_at", 0.0))


def view(record: Record, moment: float) -> dict[str, Any]:
    """Return the fields of a record that a client reads."""
    body = body_at(record, moment)
    shown = {**body, "state": state_at(record, moment)}
    shown.pop("request", None)
    if shown["state"] == "failed":
        shown["fault"] = record["fault"]
        shown["fault_code"] = record.get("fault_code", "")  # files of older versions have none
    if (failed := record.get("failed_change")) and failed["until"] <= moment:
        shown["failed_change"] = {"code": failed["code"], "reason": failed["reason"]}
    kind = record["kind"]
    if kind == "volume":
        shown["attachment"] = attachment_at(body, moment)
        for name in ("instance", "device", "attached_at", "detached_at"):
            del shown[name]
    elif kind == "snapshot":
        shown["captured"] = is_captured(body, moment)
        shown.pop("captured_at", None)
    elif kind == "instance":
        del shown["power_at"], shown["user_data"]
        shown.pop("ends_at", None)
        shown.pop("boot_script", None)
    return shown
