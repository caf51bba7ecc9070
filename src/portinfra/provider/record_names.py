"""Names and addresses of records. Stored records have these names, so they do not change."""

from portinfra.model.address import Address, Scope
from portinfra.provider.interface import Call

RECORD = "claim"
"""The kind in the address of a call that changes a record: `claim.7`."""


def record_address(number: int) -> Address:
    """Return the address of the calls that change a record."""
    return Address(f"{RECORD}.{number}")


def is_record_call(call: Call) -> bool:
    """Return whether a call changes a record, and no resource of a topology."""
    return call.address is not None and call.address.kind == RECORD


def record_name(scope: Scope, number: int | str) -> str:
    """Return the native name of a record, at most 40 characters, for providers that need no other."""
    return f"portinfra-{scope.hash}-claim-{number}"


def record_number(name: str) -> int | None:
    """Return the number of the record with this native name; None for any other name."""
    before, _, number = name.rpartition("-claim-")
    return int(number) if before.startswith("portinfra-") and number.isdecimal() else None
