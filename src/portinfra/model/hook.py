"""A hook: what a user has called on the way, and what it is given."""

from collections.abc import Callable, Mapping
from typing import Any

from portinfra.model import convert

Inventory = Mapping[str, Any]
"""What a hook is given: the environment and its hosts, each with role, zone, address, native id and volumes
(docs/recovery-json.md, `portinfra.recovery-inventory/1`).
"""

Hook = Callable[[Inventory], Any] | str
"""A Python function, which fails by raising or by returning False; or a command for the local shell, which
fails by its exit code and finds the inventory in the JSON file that `PORTINFRA_INVENTORY` names.
"""


def hooks(given: Any) -> tuple[Hook, ...]:
    """Several hooks; one alone is one of several."""
    return convert.several(given)
