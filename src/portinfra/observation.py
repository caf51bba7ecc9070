"""Observation: every existing resource of a scope, read in as few calls as the provider allows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from portinfra.errors import NotFound, OutcomeUnknown, ProviderError, Unavailable
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Instance, Snapshot, Spec, Volume
from portinfra.provider.interface import Answer, Call, Driver, Names, Provider
from portinfra.provider.own_code import call_method

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


Ask = Callable[[Call], Answer]
"""Makes a read and returns its answer. Its owner paces and retries the read. Raises ProviderError."""


@frozen
class Reader:
    """Reads through one provider: every page of every answer."""

    provider: Provider
    ask: Ask = field(repr=False)
    borrowed: Mapping[Address, Observed[Spec]] = field(factory=dict)
    """Resources of another scope that those of this one refer to. They are visible and never changed."""

    def pages(self, call: Call) -> list[Answer]:
        """Yield every page of a read."""
        following: Call | None = call
        pages = []
        while following is not None:
            answer = self.ask(following)
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
        answers: dict[Call, list[Answer]] = {}
        answers_optional = True
        for call in call_method(self.provider.catalogue_calls):
            if known and call in known:
                answers[call] = known[call]
                continue
            if call.optional and not answers_optional:
                continue
            try:
                answers[call] = self.pages(call)
            except ProviderError as error:
                if not call.optional:
                    raise
                answers_optional = not isinstance(error, Unavailable | OutcomeUnknown)
        made = call_method(self.provider.catalogue, answers)
        able = self.provider.capabilities
        made = evolve(made, visibility_seconds=able.visibility_seconds, usual_seconds=able.usual_seconds)
        if made.rules_max is not None:
            return made
        return evolve(made, rules_max=able.rules_max, rules_max_is_default=True)

    def observe(self, scope: Scope, without: frozenset[str] = frozenset()) -> Observation:
        """Return all resources of the scope, of every kind.

        Reads of zones in `without` are sent once and not repeated: it matters little whether these zones
        answer.
        """
        return self._look(scope, dict.fromkeys(self.provider.drivers, ()), {}, without)

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
        self, scope: Scope, awaited: Iterable[Observed[Spec]], known: Mapping[Address, Observed[Spec]]
    ) -> Observation:
        """Read the kinds of the awaited resources again. `known` has the resources that they refer to."""
        only: dict[type[Spec], list[Observed[Spec]]] = {}
        for seen in awaited:
            only.setdefault(type(seen.spec), []).append(seen)
        return self._look(scope, only, known)

    def _look(
        self,
        scope: Scope,
        only: Mapping[type[Spec], Sequence[Observed[Spec]]],
        known: Mapping[Address, Observed[Spec]],
        without: frozenset[str] = frozenset(),
    ) -> Observation:
        drivers = [(driver, only[kind]) for kind, driver in self.provider.drivers.items() if kind in only]
        surveys = [(driver, call_method(driver.survey, scope, awaited)) for driver, awaited in drivers]
        reads = dict.fromkeys(call for _, calls in surveys for call in calls)
        answers, unknown = self._answers(reads, without)
        seen_before = {**self.borrowed, **known}
        by_id = {id: address for address, seen in seen_before.items() if (id := seen.id)}
        resources: dict[Address, Observed[Spec]] = {}
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
                resources[seen.address] = self._read_details(driver, seen)
                if seen.id:
                    by_id.setdefault(seen.id, seen.address)
        return Observation(
            {**self.borrowed, **resources},
            frozenset(unknown),
            tuple(unexplained),
            reads_definitions=self.provider.capabilities.reads_definitions,
        )

    def _answers(
        self, calls: Iterable[Call], without: frozenset[str]
    ) -> tuple[dict[Call, list[Answer]], set[str]]:
        answers: dict[Call, list[Answer]] = {}
        unknown: set[str] = set()
        for call in calls:
            if call.place in unknown:
                continue  # it did not answer once, and that took its time
            try:
                answers[call] = self.pages(evolve(call, optional=True) if call.place in without else call)
            except ProviderError as error:
                if call.place is None or not _is_silence(error, call.place in without):
                    raise
                unknown.add(call.place)
            else:
                for answer in answers[call]:
                    unknown |= call_method(self.provider.silent, call, answer)
        return answers, unknown

    def _read_details(self, driver: Driver[Any], seen: Observed[Spec]) -> Observed[Spec]:
        while (call := call_method(driver.detail, seen)) is not None:
            try:
                looked = call_method(driver.absorb, seen, call, self.ask(call))
            except NotFound:  # just created or just deleted: the list that has it is behind, or ahead
                return seen if seen.state == "deleting" else evolve(seen, state="pending")
            if looked is None or looked == seen:
                break
            seen = looked
        return seen
