"""Operations: what every change answers, and what tells how it went.

https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses ("Handling API responses"): PENDING,
then RUNNING, then DONE; an error inside a DONE operation means that the change failed.
"""

from collections.abc import Callable
from typing import Any

from emulator.call import Call
from emulator.links import link
from emulator.project import Operation, Project, Resource, timestamp

Act = Callable[[], None]

AT_ONCE = ("setLabels",)
"""Operations that recordings show DONE in the answer itself, where nothing else is under way."""


def _nothing() -> None:
    pass


def begin(
    call: Call,
    target: Resource,
    finish: Act = _nothing,
    error: dict[str, Any] | None = None,
    fail: Act = _nothing,
    kind: str = "",
    named: Resource | None = None,
) -> dict[str, Any]:
    """Start an operation on a resource, after those that are under way on it; its answer.

    It names the resource, or another one that is `named`.
    """
    there, settings = call.project, call.project.settings
    kind = kind or call.method.action
    at_once = kind in AT_ONCE and target.busy <= there.now
    started = there.now if at_once else max(there.now + settings.queue_seconds, target.busy)
    is_snapshot = target.kind.collection == "snapshots" and target.state == "making"
    running = settings.pending_seconds + (settings.snapshot_seconds if is_snapshot else 0.0)
    target.busy = started + (0.0 if at_once else running)
    failing = there.failing.get(call.method.name)
    error = error or (failing.pop(0) if failing else None)
    number = there.next_id()
    operation = Operation(
        f"operation-{int(there.now * 1000)}-{number % 10**13:013x}-{call.method.action.lower()}",
        str(number),
        call.scope,
        kind,
        call.caller.email,
        target,
        there.now,
        started,
        target.busy,
        call.params.get("requestId", ""),
        finish,
        fail,
        error,
        (named or target).path,
        (named or target).body["id"],
    )
    there.run(operation)
    there.touch(target)
    if at_once:
        there.settle()
    call.operation = operation
    return tell(there, operation)


def tell(there: Project, operation: Operation) -> dict[str, Any]:
    """What `get` tells of an operation."""
    where = f"projects/{there.id}/{operation.scope}"
    started = operation.started <= there.now
    status = "DONE" if operation.done else "RUNNING" if started else "PENDING"
    told: dict[str, Any] = {
        "kind": "compute#operation",
        "id": operation.id,
        "name": operation.name,
        "operationType": operation.type,
        "targetLink": link(operation.target_path),
        "targetId": operation.target_id,
        "status": status,
        "user": operation.user,
        "progress": 100 if operation.done else 0,
        "insertTime": timestamp(operation.inserted),
        "selfLink": link(f"{where}/operations/{operation.name}"),
    }
    place, _, name = operation.scope.partition("/")
    if name:
        told[place.removesuffix("s")] = link(where)
    if operation.request_id:
        told["clientOperationId"] = operation.request_id
    if started:
        told["startTime"] = timestamp(operation.started)
    if operation.done:
        told["endTime"] = timestamp(operation.ends)
        if operation.error:
            status_code = operation.error["status"]
            entry = {key: value for key, value in operation.error.items() if key != "status"}
            told["error"] = {"errors": [entry]}
            told["httpErrorStatusCode"] = status_code
            told["httpErrorMessage"] = _MESSAGES.get(status_code, "BAD REQUEST")
    return told


_MESSAGES = {403: "FORBIDDEN", 409: "CONFLICT", 412: "PRECONDITION FAILED", 503: "SERVICE UNAVAILABLE"}
