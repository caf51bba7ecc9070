"""The serial console of a host, by `GetConsoleOutput`.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html: base64, the newest 64 KB.
"""

import base64
from collections.abc import Mapping
from typing import Any

from portinfra.provider.abilities import CONSOLE_MAX_BYTES
from portinfra.provider.interface import Call
from portinfra_aws.rates import classes

_ACTION = "GetConsoleOutput"


def call(instance: str) -> Call:
    """Return the read. Without `Latest`, EC2 returns only the output of the last start or stop."""
    return Call(_ACTION, {"InstanceId": instance, "Latest": True}, rates=classes(_ACTION))


def text(answer: Mapping[str, Any]) -> str:
    """Return the output; empty if the host has printed nothing yet."""
    printed = base64.b64decode(answer.get("output") or "")
    return printed[-CONSOLE_MAX_BYTES:].decode(errors="replace")
