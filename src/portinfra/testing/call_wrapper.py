"""A wrapper around a provider: every call passes through a function that can count it, break it, or crash."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import evolve

from portinfra.errors import ProviderError
from portinfra.model.catalogue import Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Spec
from portinfra.provider import registry
from portinfra.provider.abilities import ServerTime
from portinfra.provider.interface import Answer, Call, Clock, Driver, Provider, RecordDriver

Hand = Callable[[Provider, Call], Answer]
"""A function that makes a call in place of the provider."""

SILENT = "(silent)"
"""The key of an answer under which a hand lists the zones that the answer leaves out."""


@contextmanager
def wrap_calls(
    provider: str, hand: Hand, *, lag_seconds: float = 0.0, clock: Clock | None = None
) -> Iterator[None]:
    """Pass every call of a provider, by its name, through a hand inside the `with` block.

    `lag_seconds` is how stale the answers of the hand may be; the provider adds it to its
    `visibility_seconds`. With a `clock`, time passes by it, such as that of an emulator, where hours cost
    nothing.
    """
    with wrap_each_place(provider, lambda environment: hand, lag_seconds=lag_seconds, clock=clock):
        yield


@contextmanager
def wrap_each_place(
    provider: str,
    hand_of: Callable[[Environment], Hand],
    *,
    lag_seconds: float = 0.0,
    clock: Clock | None = None,
) -> Iterator[None]:
    """Do the same as `wrap_calls`, with a hand for each connected environment."""

    def wrap(inner: Provider, environment: Environment) -> Provider:
        inner.clock = clock or inner.clock  # the hand uses the provider's time
        return _WrappedProvider(inner, hand_of(environment), lag_seconds)

    with registry.wrap_connections(provider, wrap):
        yield


def pass_through(provider: Provider, call: Call) -> Answer:
    """Make the call without a change."""
    return provider.perform(call)


class _WrappedProvider(ServerTime):
    def __init__(self, inner: Provider, hand: Hand, lag_seconds: float) -> None:
        self._inner = inner
        self._hand = hand
        self.name = inner.name
        seconds = inner.capabilities.visibility_seconds + lag_seconds
        # One read at a time, so that each call has the same number in every run.
        self.capabilities = evolve(inner.capabilities, visibility_seconds=seconds, reads_at_once=1)
        self.clock = inner.clock
        self.drivers: Mapping[type[Spec], Driver[Any]] = inner.drivers
        self.records: RecordDriver = inner.records

    def account_calls(self) -> tuple[Call, ...]:
        return self._inner.account_calls()

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        return self._inner.account_of(answers)

    def principal_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        return self._inner.principal_of(answers)

    def catalogue_calls(self) -> tuple[Call, ...]:
        return self._inner.catalogue_calls()

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        return self._inner.catalogue(answers)

    def perform(self, call: Call) -> Answer:
        return self._hand(self._inner, call)

    def clock_offset(self) -> float | None:
        return self._inner.clock_offset() if isinstance(self._inner, ServerTime) else None

    def more(self, call: Call, answer: Answer) -> Call | None:
        return self._inner.more(call, answer)

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        return self._inner.silent(call, answer) | frozenset(answer.get(SILENT, ()))

    def classify(self, error: Exception) -> ProviderError:
        return self._inner.classify(error)

    def close(self) -> None:
        self._inner.close()
