"""Faults around any provider, by chance or at one call, equal for equal seeds.

    with faults.inject_faults("fake", Faults(seed=7, throttled=0.2, answer_lost=0.05)) as weather:
        apply(plan(topology, environment), seed=7)
    print(weather.met)          # Counter({'throttled': 41, 'answer lost': 9})

    with faults.inject_faults("fake", Faults(at="StopInstance")), pytest.raises(faults.Crash):
        failover(recovery)      # the process dies after its first StopInstance

A fault happens between core and the provider. The cloud itself does not change. Core receives the error class
that `classify` returns for such an error.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from attrs import field, validators

from portinfra.errors import OutcomeUnknown, RateLimited, Unavailable
from portinfra.model.environment import Environment
from portinfra.provider.interface import Answer, Call, Provider
from portinfra.testing.call_wrapper import SILENT, Hand, wrap_each_place
from portinfra.value import define, frozen

Mishap = Literal["dies before", "dies after", "answer lost"]
"""What may happen at a call: the process dies before or after its effect, or continues without the answer."""

MISHAPS: tuple[Mishap, ...] = ("dies before", "dies after", "answer lost")


class Crash(BaseException):
    """The death of the process. No code may react to it, and the process makes no more calls."""


At = int | str | Callable[[Provider, Call], bool]
"""A call: its number from 1, its action, or a condition. The first call that matches counts."""


_SHARE = validators.and_(validators.ge(0.0), validators.le(1.0))


@frozen
class Faults:
    """The faults of a test. Each share is of all calls, from 0.0 to 1.0. They are drawn one after the other.

    Raises ValueError for an invalid share, call or mishap.
    """

    seed: int = 0
    throttled: float = field(default=0.0, validator=_SHARE)
    """The provider refuses the call for its rate, without effect."""
    unavailable: float = field(default=0.0, validator=_SHARE)
    """The provider refuses the call with a server error, without effect."""
    request_lost: float = field(default=0.0, validator=_SHARE)
    """The connection breaks before the effect."""
    answer_lost: float = field(default=0.0, validator=_SHARE)
    """The connection breaks after the effect."""
    stale: float = field(default=0.0, validator=_SHARE)
    """A read returns its earlier answer again, if that is younger than `stale_seconds`."""
    stale_seconds: float = 5.0
    latency_seconds: float = 0.0
    """The longest that a call takes, in seconds of the provider's clock."""
    silent_zone: str = ""
    """A zone that does not answer. Reads of it fail, and lists leave it out and report it."""
    at: At | None = field(default=None)
    """The call at which the mishap happens."""
    mishap: Mishap = field(default="dies after", validator=validators.in_(MISHAPS))

    @at.validator
    def _is_a_call(self, _: Any, at: At | None) -> None:
        if isinstance(at, int) and at < 1:
            raise ValueError(f"at: calls are counted from 1, not from {at}")


@define
class Weather:
    """The faults of one test while they happen."""

    faults: Faults
    calls: int = 0
    met: Counter[str] = field(factory=Counter)
    """Fault → how often it has happened."""
    came: bool = field(init=False, default=False)
    """Whether the call of `Faults.at` has been made."""
    dead: bool = field(init=False, default=False)
    """Whether the process has died: it makes no more calls."""
    _chance: random.Random = field(init=False)
    _answers: dict[str, tuple[float, Answer]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._chance = random.Random(self.faults.seed)

    def perform(self, provider: Provider, call: Call, place: str = "") -> Answer:
        """Make a call with these faults. A stale answer comes from the same `place` as the call."""
        if self.dead:
            raise Crash(f"dead, and {call.action} is not called")
        self.calls += 1
        mishap = self._mishap(provider, call)
        if mishap == "dies before":
            self.dead = True  # stays True: other threads still make calls
            raise Crash(f"died before call {self.calls}, {call.action}")
        self._delay(provider)
        self._refuse(provider, call)
        answer = self._answer(provider, call, place)
        if mishap == "dies after":
            self.dead = True
            raise Crash(f"died after call {self.calls}, {call.action}")
        if mishap == "answer lost" or self._happens("answer lost", self.faults.answer_lost):
            raise OutcomeUnknown("the connection broke before the answer came", provider=provider.name)
        return answer

    def _mishap(self, provider: Provider, call: Call) -> Mishap | None:
        at = self.faults.at
        if self.came or at is None:
            return None
        self.came = at(provider, call) if callable(at) else at in (self.calls, call.action)
        return self.faults.mishap if self.came else None

    def _happens(self, fault: str, share: float) -> bool:
        if not share or self._chance.random() >= share:
            return False
        self.met[fault] += 1
        return True

    def _delay(self, provider: Provider) -> None:
        if self.faults.latency_seconds:
            pause = self._chance.uniform(0.0, self.faults.latency_seconds)
            provider.clock.sleep_until(provider.clock.now() + pause)

    def _refuse(self, provider: Provider, call: Call) -> None:
        faults = self.faults
        if self._happens("throttled", faults.throttled):
            raise RateLimited("too many requests", provider=provider.name)
        if self._happens("unavailable", faults.unavailable):
            raise Unavailable("the service has an internal error", provider=provider.name)
        if self._happens("request lost", faults.request_lost):
            raise OutcomeUnknown("the connection broke", provider=provider.name)
        if faults.silent_zone and call.place == faults.silent_zone:
            self.met["silent zone"] += 1
            raise Unavailable(f"{faults.silent_zone} does not answer", provider=provider.name)

    def _answer(self, provider: Provider, call: Call, place: str) -> Answer:
        if not call.reads:
            return provider.perform(call)
        # Two environments of one provider make equal reads of different accounts.
        key, now = f"{place} {call.action} {call.parameters}", provider.clock.now()
        moment, before = self._answers.get(key, (float("-inf"), {}))
        if now - moment < self.faults.stale_seconds and self._happens("stale", self.faults.stale):
            return before
        answer = self._partial(provider, call, provider.perform(call))
        self._answers[key] = (now, answer)
        return answer

    def _partial(self, provider: Provider, call: Call, answer: Answer) -> Answer:
        zone = self.faults.silent_zone
        if not zone or call in (*provider.account_calls(), *provider.catalogue_calls()):
            return answer
        rest = _without(answer, zone)
        if rest == answer:
            return answer
        self.met["partial"] += 1
        return {**rest, SILENT: (zone,)}


@contextmanager
def inject_faults(provider: str, faults: Faults) -> Iterator[Weather]:
    """Inject faults into all calls of a provider, by its name, inside the `with` block. Yield what happens.

    Raises AssertionError if the call of `Faults.at` was never made, because the test then shows nothing.
    """
    weather = Weather(faults)
    lag_seconds = faults.stale_seconds if faults.stale else 0.0

    def hand_of(environment: Environment) -> Hand:
        return partial(weather.perform, place=f"{environment.account} {environment.on}")

    with wrap_each_place(provider, hand_of, lag_seconds=lag_seconds):
        yield weather
    if faults.at is not None and not weather.came:
        raise AssertionError(f"call {faults.at} never came: {weather.calls} were made")


def _without(value: Any, zone: str) -> Any:
    """Return an answer without the records in a zone, in whatever form the provider answers."""
    if isinstance(value, Mapping):
        return {key: _without(item, zone) for key, item in value.items() if not _names(key, zone)}
    if isinstance(value, list | tuple):
        return [_without(item, zone) for item in value if not _lies_in(item, zone)]
    return value


def _lies_in(record: Any, zone: str) -> bool:
    if isinstance(record, Mapping):
        return any(
            _lies_in(item, zone) if isinstance(item, Mapping) else _names(item, zone)
            for item in record.values()
        )
    return False


def _names(value: Any, zone: str) -> bool:
    return isinstance(value, str) and value.rpartition("/")[2] == zone
