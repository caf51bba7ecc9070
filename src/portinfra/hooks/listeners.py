"""Listeners: functions of the user that receive the progress of a run. Their errors do not end the run."""

import warnings
from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import field

from portinfra.errors import PortinfraError
from portinfra.model.location import location_of
from portinfra.provider.own_code import describe
from portinfra.value import define

T = TypeVar("T")


@define
class SafeListener(Generic[T]):
    """A listener that is called until it raises. Then a warning names it, and the run continues."""

    function: Callable[[T], object]
    has_failed: bool = field(init=False, default=False)

    def __call__(self, event: T) -> None:
        """Call the listener. A PortinfraError passes through."""
        if self.has_failed:
            return
        try:
            self.function(event)
        except PortinfraError:
            raise
        except (Exception, SystemExit) as error:
            self.has_failed = True
            name = getattr(self.function, "__name__", type(self.function).__name__)
            where = f" ({place})" if (place := location_of(self.function)) else ""
            warnings.warn(
                f"the listener {name}{where} raised {describe(error, self.function)}. "
                "The run continues without it.",
                RuntimeWarning,
                stacklevel=2,
            )
