"""Reads at the same time: they find what reads one after the other find, and few of them wait for another."""

from collections.abc import Callable, Iterator, Sequence

from portinfra.errors import PermissionDenied, ProviderError, Unavailable
from portinfra.execution.caller import Caller
from portinfra.execution.parallel_reads import ParallelReads
from portinfra.model.address import Scope
from portinfra.model.observed import Observation
from portinfra.observation import Ask, Reader, T, Work
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.conformance.stage import Stage
from portinfra.value import define


class SimultaneousReads:
    """An observation of the smallest topology with one resource of each kind."""

    def test_reads_at_the_same_time_find_the_same_whichever_of_them_fails(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        scope = stage.plan(stage.bed.before).scope
        with stage.provider() as provider:
            whole = _find(provider, _FailingCaller(provider), scope, at_once=False)
            assert isinstance(whole, Observation)
            lists = dict.fromkeys(
                call for driver in provider.drivers.values() for call in driver.survey(scope)
            )
            for call, error in ((None, None), *((each, kind) for each in lists for kind in _KINDS)):
                one, several = (
                    _find(provider, _FailingCaller(provider, fails=call, error=error), scope, at_once=at_once)
                    for at_once in (False, True)
                )
                assert one == several, f"{call and call.action} fails: {one} and then {several}"
                assert (one == whole) == (call is None), f"without {call} nothing is missing"

    def test_few_reads_wait_for_another(self, stage: Stage) -> None:
        """A plan takes as long as the longest chain of reads, each of which needs the one before it."""
        stage.bring(stage.bed.before)
        scope = stage.plan(stage.bed.before).scope
        with stage.provider() as provider:
            chain = _Chain(Caller(provider).with_retries)
            Reader(provider, chain.ask, gather=chain.gather).observe(scope)
        assert chain.length <= stage.bed.chain_max


_KINDS: tuple[Callable[[], ProviderError], ...] = (
    lambda: _once(Unavailable("no answer")),
    lambda: PermissionDenied("no permission"),
)


def _once(error: ProviderError) -> ProviderError:
    error.tries_max = 1
    return error


@define
class _FailingCaller(Caller):
    """Makes reads, and lets one of them fail."""

    fails: Call | None = None
    error: Callable[[], ProviderError] | None = None

    def once(self, call: Call) -> Answer:
        if self.error is not None and call == self.fails:
            raise self.translate_error(self.error(), call)
        return super().once(call)


def _find(
    provider: Provider, caller: Caller, scope: Scope, *, at_once: bool
) -> Observation | tuple[type[ProviderError], str, str]:
    """Return what an observation finds or, if it fails, its error."""
    gather = ParallelReads(caller, provider.capabilities.rates, size=8) if at_once else None
    try:
        return Reader(provider, caller.with_retries, gather=gather).observe(scope)
    except ProviderError as error:
        return type(error), error.action, str(error)


@define
class _Chain:
    """The longest chain of reads, as if all works of a group began at the same moment."""

    _ask: Ask
    length: int = 0
    _last: str = ""
    """The action of the last read, whose further pages do not count."""

    def ask(self, call: Call) -> Answer:
        """Make a read, which makes the chain longer."""
        self.length += call.action != self._last
        self._last = call.action
        return self._ask(call)

    def gather(self, works: Sequence[Work[T]]) -> list[T]:
        """Do the works. The chain goes on after the longest of them."""
        return list(self._results(works))

    def _results(self, works: Sequence[Work[T]]) -> Iterator[T]:
        began = longest = self.length
        for work in works:
            self.length, self._last = began, ""
            yield work(self.ask)
            longest = max(longest, self.length)
        self.length = longest
