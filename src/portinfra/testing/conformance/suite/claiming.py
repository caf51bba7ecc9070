"""The claim: of two that take the same number one wins, and a second run is told who holds it."""

import json

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.errors import AlreadyExists, LeaseHeldError, NotFound
from portinfra.execution import holder as holders
from portinfra.execution.caller import Caller
from portinfra.execution.run import Run
from portinfra.model.address import Scope
from portinfra.model.claim import NOTE_MAX, Claim
from portinfra.provider.interface import Provider
from portinfra.testing.conformance.stage import LOSE_DATA, Stage
from portinfra.version import VERSION

SCOPE = Scope("sample", "claimed")


class Claiming:
    """One run at a time."""

    def test_a_claim_is_read_back_as_it_was_written(self, stage: Stage) -> None:
        with stage.provider() as provider:
            claim = _claim(1)
            _make(provider, "take", claim)
            assert _read(provider) == [claim]
            changed = evolve(
                claim, beat=7, released=True, version="1.2.3", epoch=3, since="2030-01-01T00:00:00"
            )
            _make(provider, "write", changed)
            assert _read(provider) == [changed]
            _make(provider, "drop", 1)
            assert _read(provider) == []

    def test_a_note_is_read_back_whole_and_a_shorter_one_takes_its_place(self, stage: Stage) -> None:
        longest = json.dumps({f"key{n:02}": "value" for n in range(99)}, separators=(",", ":"))[:NOTE_MAX]
        with stage.provider() as provider:
            noted = evolve(_claim(1), note=longest, fenced=True)
            _make(provider, "take", noted)
            assert _read(provider) == [noted]
            shorter = evolve(noted, note='{"a":1}', fenced=False)
            _make(provider, "write", shorter)
            assert _read(provider) == [shorter]

    def test_a_claim_names_its_peer_until_that_is_forgotten(self, stage: Stage) -> None:
        with stage.provider() as provider:
            alone = _claim(1)
            _make(provider, "take", alone)
            assert _read(provider) == [alone]
            paired = evolve(alone, peer="recovery")
            _make(provider, "write", paired)
            assert _read(provider) == [paired]
            _make(provider, "write", alone)
            assert _read(provider) == [alone]
            _make(provider, "take", evolve(paired, number=2))
            assert _read(provider) == [alone, evolve(paired, number=2)]

    def test_of_two_who_take_a_number_one_is_refused(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, "take", _claim(1))
            with pytest.raises(AlreadyExists):
                _make(provider, "take", _claim(1))
            _make(provider, "take", _claim(2))
            assert [claim.number for claim in _read(provider)] == [1, 2]

    def test_what_is_gone_is_not_found(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, "take", _claim(1))
            _make(provider, "drop", 1)
            with pytest.raises(NotFound):
                _make(provider, "write", _claim(1))
            with pytest.raises(NotFound):
                _make(provider, "drop", 1)

    def test_scopes_have_claims_of_their_own(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, "take", _claim(1))
            assert _read(provider, Scope("sample", "other")) == []

    def test_while_a_run_holds_it_another_is_told_who_does(self, stage: Stage) -> None:
        plan = stage.plan(stage.bed.before)
        with (
            stage.provider() as provider,
            Run(provider, plan.scope, VERSION, seed=0),
            pytest.raises(LeaseHeldError),
        ):
            workflow.apply(plan, seed=0)
        assert stage.books() == []
        stage.bring(stage.bed.before)
        (claim, *_) = self._claims(stage)
        assert claim.released

    def test_a_run_that_died_is_taken_over(self, stage: Stage) -> None:
        plan = stage.plan(stage.bed.before, LOSE_DATA)
        with stage.provider() as provider:
            run = Run(provider, plan.scope, VERSION, seed=0)
            run.__enter__()
            run.__exit__(BaseException, None, None)  # gone, and its claim is still there
            provider.clock.sleep_until(provider.clock.now() + provider.capabilities.visibility_seconds)
        assert not self._claims(stage)[-1].released
        stage.bring(stage.bed.before)
        assert self._claims(stage)[-1].released

    def _claims(self, stage: Stage) -> list[Claim]:
        with stage.calls():
            return workflow.claims(stage.bed.before, stage.environment)


def _claim(number: int) -> Claim:
    return Claim(number, holders.this_run("attempt-1"), beat=1, active_at=1.5)


def _make(provider: Provider, verb: str, what: Claim | int) -> None:
    """Make one of the claim driver's calls, once."""
    Caller(provider).once(getattr(provider.claims, verb)(SCOPE, what))
    provider.clock.sleep_until(provider.clock.now() + provider.capabilities.visibility_seconds)


def _read(provider: Provider, scope: Scope = SCOPE) -> list[Claim]:
    call = provider.claims.survey(scope)
    pages = [Caller(provider).insisting(call)]
    while (following := provider.more(call, pages[-1])) is not None:
        call = following
        pages.append(Caller(provider).insisting(call))
    return sorted(provider.claims.assemble(pages), key=lambda claim: claim.number)
