"""requestId: a request that is made again answers with the operation of the first.

The document: "if original operation with the same request ID was received, and if so, will ignore the second
request"; "a valid UUID with the exception that zero UUID is not supported". That what is asked again must be
the same is https://google.aip.dev/155.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from emulator import operations
from emulator.call import Call
from emulator.errors import invalid


def once(call: Call, do: Callable[[Call], dict[str, Any]]) -> dict[str, Any]:
    """Do it, or tell of the time when it was done."""
    given = call.params.get("requestId")
    if given is None:
        return do(call)
    try:
        known = uuid.UUID(given)
    except ValueError:
        raise invalid("requestId", given, "Must be a valid UUID.") from None
    if known.int == 0:
        raise invalid("requestId", given, "The zero UUID is not supported.")
    what = _what(call)
    if str(known) in call.project.asked:
        before, operation = call.project.asked[str(known)]
        if before != what:
            raise invalid("requestId", given, "The request ID was used for another request.")
        call.operation = operation
        return operations.tell(call.project, operation)
    told = do(call)
    if call.operation is not None:
        call.project.asked[str(known)] = (what, call.operation)
    return told


def _what(call: Call) -> str:
    params = {name: value for name, value in call.params.items() if name not in ("fields", "prettyPrint")}
    told = json.dumps([call.method.id, params, call.body, sorted(call.nulls)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
