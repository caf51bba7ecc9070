"""The root of all errors, and the error that values raise. Import both from `portinfra.errors`."""


class PortinfraError(Exception):
    """The root of all errors. `str()` is one line of what happened; `fix` is one line of what to do."""

    fix: str = ""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        if fix:
            self.fix = fix

    @property
    def first_line(self) -> str:
        """What happened, in one line."""
        return str(self).partition("\n")[0]


class WrongTypeError(PortinfraError, TypeError):
    """An argument of a function or an attribute of a value has a wrong type."""


for _error in (PortinfraError, WrongTypeError):
    _error.__module__ = "portinfra.errors"  # where users find them
