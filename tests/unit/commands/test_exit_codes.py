"""Exit codes: 3 says that nothing was done, because something forbids it; 1 says that something failed."""

import pytest

from portinfra import errors
from portinfra.commands import exits
from portinfra.commands.exits import Exit, exit_code

CODES = {
    Exit.FAILED: {
        "PortinfraError",
        "DeclarationError",
        "FindingsError",
        "ValidationError",
        "UserCodeError",
        "WrongTypeError",
        "PlacementError",
        "LeaseLostError",  # the run had begun
        "ProviderError",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "PermissionDenied",
        "InvalidRequest",
        "Unsupported",
        "QuotaExceeded",
        "NoCapacity",
        "RateLimited",
        "Unavailable",
        "OutcomeUnknown",
        "NotReadyError",
        "ApplyError",
    },
    Exit.USAGE: {"Misuse"},
    Exit.REFUSED: {"PolicyError", "StalePlanError", "LeaseHeldError", "Unconfirmed"},
    Exit.INTERRUPTED: {"Interrupted"},
}
CLASSES = {
    name: value
    for module in (errors, exits)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, errors.PortinfraError)
}


def test_every_error_has_one_exit_code():
    assert sorted(name for names in CODES.values() for name in names) == sorted(CLASSES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_an_error_ends_with_its_code(code):
    ends = {name: exit_code(CLASSES[name].__new__(CLASSES[name])) for name in CODES[code]}
    assert ends == dict.fromkeys(CODES[code], code)
