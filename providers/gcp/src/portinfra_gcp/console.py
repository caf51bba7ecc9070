"""The serial console of a host, by `getSerialPortOutput`.

https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput: Compute Engine keeps
1 MB. A negative `start` is "the most recent number of bytes", so the newest output takes one request.
"""

from collections.abc import Mapping
from typing import Any

from portinfra.provider.abilities import CONSOLE_MAX_BYTES
from portinfra.provider.interface import Call
from portinfra_gcp import links, rates

_METHOD = "instances.getSerialPortOutput"


def call(instance: str) -> Call:
    """Return the read of the newest output."""
    parameters = {**links.variables(instance), "port": 1, "start": -CONSOLE_MAX_BYTES}
    return Call(_METHOD, parameters, rates=(rates.group(_METHOD),))


def text(answer: Mapping[str, Any]) -> str:
    """Return the output; empty if the host has printed nothing yet."""
    printed = str(answer.get("contents") or "").encode()
    return printed[-CONSOLE_MAX_BYTES:].decode(errors="replace")
