"""A provider whose every call passes through a hand: to count it, to disturb it, to die at it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import evolve

from portinfra.errors import ProviderError
from portinfra.model.catalogue import Capabilities, Catalogue
from portinfra.model.environment import Environment
from portinfra.model.resources import Spec
from portinfra.provider import registry
from portinfra.provider.interface import Answer, Call, ClaimDriver, Clock, Driver, Provider, ProviderPlugin

Hand = Callable[[Provider, Call], Answer]
"""Makes a call, its own way."""

SILENT = "(silent)"
"""The key under which a hand adds to an answer the places that it shall not tell about."""


@contextmanager
def wrapped(
    provider: str, hand: Hand, *, lag_seconds: float = 0.0, clock: Clock | None = None
) -> Iterator[None]:
    """While it lasts, every call of the provider of that name passes through the hand.

    A hand that answers reads as of a while ago says by how much: the provider owns up to that lag, too. With
    a `clock`, time passes by it: an emulator's, whose hours cost nothing.
    """
    with registry.substituted(_WrappedPlugin(registry.plugin(provider), hand, lag_seconds, clock)):
        yield


def untouched(provider: Provider, call: Call) -> Answer:
    """The hand that changes nothing."""
    return provider.perform(call)


class _WrappedPlugin:
    def __init__(self, inner: ProviderPlugin, hand: Hand, lag_seconds: float, clock: Clock | None) -> None:
        self._inner = inner
        self._hand = hand
        self._lag_seconds = lag_seconds
        self._clock = clock
        self.name = inner.name
        self.capabilities = _lagging(inner.capabilities, lag_seconds)
        self.sizes = inner.sizes
        self.images = inner.images
        self.native = inner.native

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # what a plugin may have besides: grants, how blocks are read

    def connect(self, environment: Environment) -> Provider:
        inner = self._inner.connect(environment)
        inner.clock = self._clock or inner.clock  # the hand's time is the provider's
        return _WrappedProvider(inner, self._hand, self._lag_seconds)


class _WrappedProvider:
    def __init__(self, inner: Provider, hand: Hand, lag_seconds: float) -> None:
        self._inner = inner
        self._hand = hand
        self.name = inner.name
        self.capabilities = _lagging(inner.capabilities, lag_seconds)
        self.clock = inner.clock
        self.drivers: Mapping[type[Spec], Driver[Any]] = inner.drivers
        self.claims: ClaimDriver = inner.claims

    def account_calls(self) -> tuple[Call, ...]:
        return self._inner.account_calls()

    def account_of(self, answers: Mapping[Call, Sequence[Answer]]) -> str:
        return self._inner.account_of(answers)

    def catalogue_calls(self) -> tuple[Call, ...]:
        return self._inner.catalogue_calls()

    def catalogue(self, answers: Mapping[Call, Sequence[Answer]]) -> Catalogue:
        return self._inner.catalogue(answers)

    def perform(self, call: Call) -> Answer:
        return self._hand(self._inner, call)

    def more(self, call: Call, answer: Answer) -> Call | None:
        return self._inner.more(call, answer)

    def silent(self, call: Call, answer: Answer) -> frozenset[str]:
        return self._inner.silent(call, answer) | frozenset(answer.get(SILENT, ()))

    def classify(self, error: Exception) -> ProviderError:
        return self._inner.classify(error)

    def close(self) -> None:
        self._inner.close()


def _lagging(capabilities: Capabilities, seconds: float) -> Capabilities:
    return evolve(capabilities, visibility_seconds=capabilities.visibility_seconds + seconds)
