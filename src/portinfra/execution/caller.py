"""Calls to a provider: portinfra makes them, counts them, and translates their errors."""

from collections.abc import Callable

from attrs import field

from portinfra.errors import InvalidRequest, OutcomeUnknown, ProviderError, Unavailable
from portinfra.execution.reaction import repeatable
from portinfra.execution.retry import insist, patience
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.provider.own_code import DEFECT_FIX, call_method, describe
from portinfra.value import define

_DEFECTS = (NotImplementedError, TypeError, AttributeError, NameError)
"""Errors that no cloud raises. Another try would not help."""

_SILENCE = (Unavailable, OutcomeUnknown)


@define
class Caller:
    """Makes calls to one provider, and counts them. Several threads may use it."""

    provider: Provider
    environment: str = ""
    """The name of the environment of the calls."""
    calls: int = 0
    answered: bool = False
    """Whether the provider has answered any call yet, even with a refusal."""
    sleep_until: Callable[[float], None] = field()
    """The function that waits before a call is repeated. Default: the provider's clock."""

    @sleep_until.default
    def _only_sleep(self) -> Callable[[float], None]:
        return self.provider.clock.sleep_until

    def once(self, call: Call) -> Answer:
        """Make a call with one try. Raises ProviderError, with the provider's own error as its cause."""
        self.calls += 1
        try:
            answer = self.provider.perform(call)
        except Exception as error:
            ours = self.translate_error(error, call)
            self.answered |= not isinstance(ours, _SILENCE)
            raise ours from error
        self.answered = True
        return answer

    def with_retries(
        self,
        call: Call,
        once: Callable[[Call], Answer] | None = None,
        pause: Callable[[float], None] | None = None,
    ) -> Answer:
        """Make a call, and repeat it while that is right and `patience` allows it. Raises ProviderError.

        `once` makes one try, by default `self.once`. `pause` waits for some seconds before the next try.
        """
        return insist(
            lambda: (once or self.once)(call),
            pause or self._pause,
            lambda error: repeatable(error, call),
            lambda error: patience(call, error, answered=self.answered),
        )

    def _pause(self, seconds: float) -> None:
        self.sleep_until(self.provider.clock.now() + seconds)

    def translate_error(self, error: Exception, call: Call) -> ProviderError:
        """Return the provider's error as a ProviderError, with the call that it belongs to."""
        if isinstance(error, _DEFECTS):
            ours: ProviderError = InvalidRequest(describe(error), fix=DEFECT_FIX)
        else:
            ours = error if isinstance(error, ProviderError) else call_method(self.provider.classify, error)
        ours.provider = ours.provider or self.provider.name
        ours.action = ours.action or call.action
        ours.address = ours.address or (call.address or "")
        ours.environment = ours.environment or self.environment
        return ours
