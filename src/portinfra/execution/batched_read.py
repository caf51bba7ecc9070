"""A batched read of several resources, call by call. A fault interrupts it; answers until then are kept."""

from attrs import field

from portinfra.errors import ProviderError
from portinfra.execution import retry
from portinfra.execution.caller import Caller
from portinfra.provider.interface import Answer, Call
from portinfra.value import define


class Interrupted(Exception):
    """A call failed for now. Begin the read again after a while: it continues with this call."""

    def __init__(self, call: Call, error: ProviderError) -> None:
        super().__init__(str(error))
        self.call = call
        self.error = error


@define
class BatchedRead:
    """The calls of one read. Of hundreds of pages some are throttled: only these are called again."""

    caller: Caller
    tries: int = 0
    """Failed tries in a row of the current call."""
    _answers: dict[Call, Answer | ProviderError] = field(init=False, factory=dict)

    @property
    def answers(self) -> dict[Call, Answer]:
        """The answers so far, without errors."""
        return {call: each for call, each in self._answers.items() if not isinstance(each, ProviderError)}

    def ask(self, call: Call) -> Answer:
        """Return the answer to a call, which is made once. Raises Interrupted, and ProviderError at last."""
        if call not in self._answers:
            self._answers[call] = self._once(call)
            self.tries = 0
        answer = self._answers[call]
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    def _once(self, call: Call) -> Answer | ProviderError:
        try:
            return self.caller.once(call)
        except ProviderError as error:
            self.tries += 1
            if error.temporary and self.tries < retry.patience(call, error):
                raise Interrupted(call, error) from error
            return error
