"""One look at several resources, read by read. A fault interrupts it; what was read stays read."""

from attrs import define, field

from portinfra.errors import ProviderError
from portinfra.execution import retry
from portinfra.execution.caller import Caller
from portinfra.provider.interface import Answer, Call


class Interrupted(Exception):
    """A read failed for now: begin the look again after a while, and it goes on with this read."""

    def __init__(self, call: Call, error: ProviderError) -> None:
        super().__init__(str(error))
        self.call = call
        self.error = error


@define
class BatchedRead:
    """The reads of one look. Of hundreds of pages some are throttled: only these are asked for again."""

    caller: Caller
    tries: int = 0
    """Of the read that is due, in a row."""
    _told: dict[Call, Answer | ProviderError] = field(init=False, factory=dict)

    def ask(self, call: Call) -> Answer:
        """The answer, from before or from now. Raises Interrupted, and ProviderError when patience ends."""
        if call not in self._told:
            self._told[call] = self._once(call)
            self.tries = 0
        told = self._told[call]
        if isinstance(told, ProviderError):
            raise told
        return told

    def _once(self, call: Call) -> Answer | ProviderError:
        try:
            return self.caller.once(call)
        except ProviderError as error:
            self.tries += 1
            if error.temporary and self.tries < retry.patience(call, error):
                raise Interrupted(call, error) from error
            return error
