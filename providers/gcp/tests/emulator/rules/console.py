"""The serial ports of instances.

"Returns the last 1 MB of serial port output […] the oldest output is discarded […] the adjusted start
position is returned": https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput
"""

from typing import Any

from emulator.call import Call, serves
from emulator.links import link
from emulator.project import Resource
from portinfra.testing.emulator.prober import print_of_prober

KEPT_BYTES = 1 << 20


def print_on(instance: Resource, text: str) -> None:
    """Let an instance print on its first serial port."""
    instance.printed += text.encode()


@serves("instances.getSerialPortOutput")
def output(call: Call) -> dict[str, Any]:
    """What it printed, from a position; from a negative one, so many of the newest bytes."""
    instance = call.target()
    printed = _printed(instance) if int(call.params.get("port", 1)) == 1 else b""
    start, oldest = int(call.params.get("start", 0)), max(0, len(printed) - KEPT_BYTES)
    start = max(oldest, len(printed) + start if start < 0 else start)
    return {
        "kind": "compute#serialPortOutput",
        "contents": printed[start:].decode(errors="replace"),
        "start": str(start),
        "next": str(max(start, len(printed))),
        "selfLink": link(f"{instance.path}/serialPort"),
    }


def _printed(instance: Resource) -> bytes:
    """What an instance printed; a prober prints a receipt once it runs, and here no second one."""
    if instance.receipt is None and instance.body.get("status") == "RUNNING":
        items = instance.body.get("metadata", {}).get("items", ())
        instance.receipt = "".join(print_of_prober(item["value"]) for item in items).encode()
    return instance.printed + (instance.receipt or b"")
