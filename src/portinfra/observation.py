"""Observation: every existing resource of a scope, read in as few calls as the provider allows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from attrs import evolve, field

from portinfra.errors import NotFound, OutcomeUnknown, ProviderError, Unavailable
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import UNSEEN, Observation, Observed
from portinfra.model.resources import Instance, Snapshot, Spec, Volume
from portinfra.provider.interface import Answer, Call, Driver, Names, Provider
from portinfra.provider.own_code import call_method
from portinfra.value import frozen

_KEPT = (Instance, Volume, Snapshot)
"""Kinds that are never deleted as duplicates: a copy that a person restored beside one may be the one that
counts.
"""


def _is_silence(error: ProviderError, left_out: bool) -> bool:
    """Return whether an error leaves its zone unknown. For a zone that is left out, any temporary error
    does.
    """
    return error.temporary if left_out else isinstance(error, Unavailable | OutcomeUnknown)


def _ids(extras: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(extra.get("id", "") for extra in extras)


T = TypeVar("T")

Ask = Callable[[Call], Answer]
"""Makes a read and returns its answer. Its owner paces and retries the read. Raises ProviderError."""

Work = Callable[[Ask], T]
"""Makes reads of which each needs the one before it, by the given function, and returns what they found."""

Found = tuple[dict[Call, list[Answer]], set[str]]
"""The pages of each read that was answered, and the places that did not answer."""


class Gather(Protocol):
    """Does works at the same time. None of them needs another one."""

    def __call__(self, works: Sequence[Work[T]]) -> list[T]:
        """Return the results in the order of the works. Raise the first error in that order, when no work is
        under way any more.
        """


@frozen
class Reader:
    """Reads through one provider: every page of every answer."""

    provider: Provider
    ask: Ask = field(repr=False)
    borrowed: Mapping[Address, Observed[Spec]] = field(factory=dict)
    """Resources of another scope that those of this one refer to. They are visible and never changed."""
    gather: Gather | None = field(default=None, repr=False)
    """Makes independent reads at the same time. None: one after the other, in the order of the kinds."""
    known: Mapping[Call, Answer] = field(factory=dict, repr=False)
    """Answers that a new call would only repeat: these calls are not made."""

    def pages(self, call: Call, ask: Ask | None = None) -> list[Answer]:
        """Return every page of a read."""
        following: Call | None = call
        pages = []
        while following is not None:
            known = self.known.get(following)
            answer = (ask or self.ask)(following) if known is None else known
            pages.append(answer)
            following = call_method(self.provider.more, following, answer)
        return pages

    def read_account(self) -> dict[Call, list[Answer]]:
        """Return the answers that `account` needs."""
        return {call: self.pages(call) for call in call_method(self.provider.account_calls)}

    def account(self, answers: Mapping[Call, list[Answer]] | None = None) -> str:
        """Return the account of the credentials, from the answers of `read_account` if they are given."""
        return call_method(self.provider.account_of, self.read_account() if answers is None else answers)

    def principal(self) -> str:
        """Return the identity of the credentials."""
        return call_method(self.provider.principal_of, self.read_account())

    def catalogue(self, known: Mapping[Call, list[Answer]] | None = None) -> Catalogue:
        """Return what the location offers. Reads with an answer in `known` are not made."""
        known = known or {}
        calls = [call for call in call_method(self.provider.catalogue_calls) if call not in known]
        works: list[Work[dict[Call, list[Answer]]]] = [
            partial(self._read_all, [call]) for call in calls if not call.optional
        ]
        works.append(partial(self._read_optional, [call for call in calls if call.optional]))
        answers = {call: pages for found in self._gather(works) for call, pages in found.items()}
        answers |= {call: known[call] for call in call_method(self.provider.catalogue_calls) if call in known}
        made = call_method(self.provider.catalogue, answers)
        able = self.provider.capabilities
        made = evolve(
            made,
            visibility_seconds=able.visibility_seconds,
            usual_seconds=able.usual_seconds,
            rates=made.rates or able.rates,
        )
        if made.rules_max is not None:
            return made
        return evolve(made, rules_max=able.rules_max, rules_max_is_default=True)

    def observe(
        self,
        scope: Scope,
        without: frozenset[str] = frozenset(),
        kinds: Collection[type[Spec]] | None = None,
    ) -> Observation:
        """Return all resources of the scope, of every kind or of these `kinds`.

        Reads of zones in `without` are sent once and not repeated: it matters little whether these zones
        answer.
        """
        read = [kind for kind in self.provider.drivers if kinds is None or kind in kinds]
        return self._look(scope, dict.fromkeys(read, ()), {}, without)

    def find_foreign(self, scope: Scope, there: Observation) -> Observation:
        """Return the observation with what others have created in or on its resources. It needs a few more
        reads.
        """
        drivers = list(self.provider.drivers.values())
        surveys = [(driver, call_method(driver.survey_foreign, there.resources)) for driver in drivers]
        reads = dict.fromkeys(call for _, calls in surveys for call in calls)
        answers, unknown = self._answers(reads, there.unknown)
        names = Names(scope, {seen.id: address for address, seen in there.resources.items() if seen.id})
        found = [
            each
            for driver, calls in surveys
            for each in call_method(
                driver.foreign, {call: answers[call] for call in calls if call in answers}, names
            )
        ]
        return evolve(there, foreign=tuple(found), unknown=there.unknown | unknown)

    def look(
        self,
        scope: Scope,
        awaited: Iterable[Observed[Spec]],
        known: Mapping[Address, Observed[Spec]],
        *,
        whole: bool = False,
    ) -> Observation:
        """Read the kinds of the awaited resources again. `known` has the resources that they refer to. With
        `whole`, the calls are those of `observe`, which returns more than a read of awaited resources.

        Attributes that no change in place affects may be UNSEEN in these lists. Then the resources keep those
        that are known. A read of everything (`observe`) verifies them.
        """
        only: dict[type[Spec], list[Observed[Spec]]] = {}
        for seen in awaited:
            only.setdefault(type(seen.spec), []).append(seen)
        return self._look(scope, only, known, whole=whole)

    def _look(
        self,
        scope: Scope,
        only: Mapping[type[Spec], Sequence[Observed[Spec]]],
        known: Mapping[Address, Observed[Spec]],
        without: frozenset[str] = frozenset(),
        *,
        whole: bool = False,
    ) -> Observation:
        drivers = [(driver, only[kind]) for kind, driver in self.provider.drivers.items() if kind in only]
        surveys = [(driver, call_method(driver.survey, scope, awaited)) for driver, awaited in drivers]
        if whole:
            surveys = [(driver, _as_whole(driver, scope, calls)) for driver, calls in surveys]
        reads = dict.fromkeys(call for _, calls in surveys for call in calls)
        answers, unknown = self._answers(reads, without)
        expected = {seen.id: seen for group in (known.values(), *only.values()) for seen in group if seen.id}
        seen_before = {**self.borrowed, **known}
        by_id = {id: address for address, seen in seen_before.items() if (id := seen.id)}
        resources: dict[Address, Observed[Spec]] = {}
        details: dict[Address, Work[Observed[Spec]]] = {}
        unexplained: list[str] = []
        for driver, calls in surveys:
            pages = {call: answers[call] for call in calls if call in answers}
            for seen in call_method(driver.assemble, pages, Names(scope, by_id)):
                if seen.extras and isinstance(seen.spec, _KEPT):
                    unexplained.append(f"{seen.address}: {_ids(seen.extras)} beside {seen.id}")
                    seen = evolve(seen, extras=())
                if seen.address in resources:
                    unexplained.append(f"{seen.address}: {seen.id} beside {resources[seen.address].id}")
                    continue
                if seen.id in expected:
                    seen = _keep_unseen(seen, expected[seen.id], driver)
                resources[seen.address] = seen
                if call_method(driver.detail, seen) is not None:
                    details[seen.address] = partial(_read_details, driver, seen)
                if seen.id:
                    by_id.setdefault(seen.id, seen.address)
        resources |= zip(details, self._gather(list(details.values())), strict=True)
        return Observation(
            {**self.borrowed, **resources},
            frozenset(unknown),
            tuple(unexplained),
            reads_definitions=self.provider.capabilities.reads_definitions,
        )

    def _answers(
        self, calls: Iterable[Call], without: frozenset[str]
    ) -> tuple[dict[Call, list[Answer]], set[str]]:
        calls = list(calls)
        if self.known and any(call.goes_first and call not in self.known for call in calls):
            return evolve(self, known={})._answers(calls, without)  # what is known was read too early
        answers: dict[Call, list[Answer]] = {}
        unknown: set[str] = set()
        stages: dict[bool, dict[Call | str, list[Call]]] = {True: {}, False: {}}
        for call in calls:  # one that does not answer is read once for each place, and that takes its time
            stages[call.goes_first].setdefault(call.place or call, []).append(call)
        for chains in stages.values():
            for found, silent in self._gather(
                [partial(self._read_place, chain, without) for chain in chains.values()]
            ):
                answers |= found
                unknown |= silent
        return answers, unknown

    def _gather(self, works: Sequence[Work[T]]) -> list[T]:
        if self.gather is None or len(works) < 2:
            return [work(self.ask) for work in works]
        return self.gather(works)

    def _read_all(self, calls: Iterable[Call], ask: Ask) -> dict[Call, list[Answer]]:
        return {call: self.pages(call, ask) for call in calls}

    def _read_optional(self, calls: Iterable[Call], ask: Ask) -> dict[Call, list[Answer]]:
        """Return the answers until one is missing because nothing answers: that took its time."""
        answers: dict[Call, list[Answer]] = {}
        for call in calls:
            try:
                answers[call] = self.pages(call, ask)
            except ProviderError as error:
                if isinstance(error, Unavailable | OutcomeUnknown):
                    break
        return answers

    def _read_place(self, calls: Iterable[Call], without: frozenset[str], ask: Ask) -> Found:
        """Return the answers of one place, until it does not answer. Calls without a place have one each."""
        answers: dict[Call, list[Answer]] = {}
        unknown: set[str] = set()
        for call in calls:
            left_out = call.place in without
            try:
                answers[call] = self.pages(evolve(call, optional=True) if left_out else call, ask)
            except ProviderError as error:
                if call.place is None or not _is_silence(error, left_out):
                    raise
                return answers, unknown | {call.place}
            for answer in answers[call]:
                unknown |= call_method(self.provider.silent, call, answer)
            if call.place in unknown:
                break
        return answers, unknown


def _as_whole(driver: Driver[Any], scope: Scope, awaited: Iterable[Call]) -> tuple[Call, ...]:
    """Return the calls that find all of a kind, after those that must come before them."""
    first = [call for call in awaited if call.goes_first]
    return tuple(dict.fromkeys([*first, *call_method(driver.survey, scope)]))


def _keep_unseen(seen: Observed[Spec], known: Observed[Spec], driver: Driver[Any]) -> Observed[Spec]:
    """Return the resource with the known attributes that a read does not show and no call can change."""
    unseen = {name for name in driver.replaces if getattr(seen.spec, name) is UNSEEN}
    if not unseen or type(seen.spec) is not type(known.spec):
        return seen
    return evolve(seen, spec=evolve(seen.spec, **{name: getattr(known.spec, name) for name in unseen}))


def _read_details(driver: Driver[Any], seen: Observed[Spec], ask: Ask) -> Observed[Spec]:
    while (call := call_method(driver.detail, seen)) is not None:
        try:
            looked = call_method(driver.absorb, seen, call, ask(call))
        except NotFound:  # just created or just deleted: the list that has it is behind, or ahead
            return seen if seen.state == "deleting" else evolve(seen, state="pending")
        if looked is None or looked == seen:
            break
        seen = looked
    return seen


def after_wait(reader: Reader, wait: Callable[[], None]) -> Reader:
    """Return a reader that calls `wait` before each read, in the thread that reads."""

    def ask(call: Call) -> Answer:
        wait()
        return reader.ask(call)

    def gather(works: Sequence[Work[T]]) -> list[T]:
        wait()
        assert reader.gather is not None
        return reader.gather(works)

    return evolve(reader, ask=ask, gather=gather if reader.gather else None)
