"""The serial console of an instance.

"Only the most recent 64 KB of console output is available", in base64. "By default, the console output
returns buffered information that was posted shortly after an instance transition state"; `Latest` returns
what is there at any time, "on instance types that use the Nitro hypervisor":
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
"""

import base64
import gzip
from datetime import UTC, datetime
from typing import Any

from bed import engine
from bed.call import Call, before, instead
from bed.errors import EC2Error
from bed.kinds import KINDS
from bed.rules import life
from portinfra.testing.emulator.prober import print_of_prober

KEPT_BYTES = 65_536
OLD_FAMILIES = ("t1.", "t2.", "m1.", "m2.", "m3.", "m4.", "c1.", "c3.", "c4.", "r3.", "r4.", "i2.", "d2.")
"""Machine types of the Xen hypervisor, among those that are still sold."""


def print_on(id: str, text: str) -> None:
    """Let a host print on its console. Raises ValueError where there is no such host."""
    for _, _, backend in engine.backends():
        if (instance := KINDS["i"].find(backend, id)) is not None:
            printed = instance.__dict__.get("printed", b"") + text.encode()
            instance.printed = printed[-KEPT_BYTES:]
            return
    raise ValueError(f"there is no {id}")


@before("GetConsoleOutput")
def latest_output_needs_nitro(call: Call) -> None:
    """The code and the words are the bed's own: the page names none."""
    instance = life.instance(call, call.params["InstanceId"])
    if call.params.get("Latest") and instance and instance.instance_type.startswith(OLD_FAMILIES):
        raise EC2Error(
            "UnsupportedOperation", "This instance type does not support retrieving the latest output."
        )


@instead("GetConsoleOutput")
def console_output(call: Call) -> dict[str, Any]:
    """What it printed. Nothing is posted while it runs, so without `Latest` the output is missing here."""
    id = call.params["InstanceId"]
    printed = _printed(life.instance(call, id)) if call.params.get("Latest") else b""
    told = {"InstanceId": id, "Timestamp": datetime.fromtimestamp(call.now, UTC)}
    return {**told, "Output": base64.b64encode(printed).decode()} if printed else told


def _printed(instance: Any) -> bytes:
    """What a host printed; a prober prints a receipt once it runs, and here no second one."""
    if getattr(instance, "has_run", False) and instance.user_data and "receipt" not in instance.__dict__:
        data = base64.b64decode(str(instance.user_data))
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        instance.receipt = print_of_prober(text.decode(errors="replace")).encode()
    printed: bytes = instance.__dict__.get("printed", b"") + instance.__dict__.get("receipt", b"")
    return printed[-KEPT_BYTES:]
