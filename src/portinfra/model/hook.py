"""A hook: a command or function of a user that portinfra calls, and what it receives."""

from collections.abc import Callable, Mapping
from typing import Any

from portinfra.model import convert

Inventory = Mapping[str, Any]
"""What a hook receives: the environment and its hosts, each with role, zone, address, native id and volumes
(docs/recovery-json.md, `portinfra.recovery-inventory/1`).
"""

Hook = Callable[[Inventory], Any] | str
"""A Python function, which fails if it raises or returns False. Or a command for the local shell, which fails
by its exit code and reads the inventory from the JSON file that `PORTINFRA_INVENTORY` names.
"""


def hooks(given: Any) -> tuple[Hook, ...]:
    """Return several hooks as a tuple. One hook alone becomes a tuple of one."""
    return convert.several(given)
