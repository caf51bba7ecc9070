"""Records: a number is created once, a text is read as it was written, a deletion takes one record."""

import json
import random

import pytest

from portinfra.errors import AlreadyExists, NotFound
from portinfra.execution.caller import Caller
from portinfra.model.address import Scope
from portinfra.model.lease import Holder, Lease
from portinfra.model.record import TEXT_MAX, Record
from portinfra.observation import Reader
from portinfra.provider.interface import Call, Provider
from portinfra.records.lease import read_records, to_lease, to_text
from portinfra.testing.conformance.stage import Stage

SCOPE = Scope("sample", "recorded")
OTHER = Scope("sample", "recorded-too")

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

HOLDER = Holder("ada", "desk", "boot-1", "100:1:attempt-1")


def drawn_texts() -> list[str]:
    """Return texts of one to the most characters, drawn from all permitted characters."""
    draw = random.Random(0)
    sizes = (1, 255, 256, 257, 1024, TEXT_MAX, TEXT_MAX)
    return ["".join(draw.choices(PRINTABLE, k=size)) for size in sizes]


HARD_TEXTS = (
    PRINTABLE,
    '"' * TEXT_MAX,
    "\\" * TEXT_MAX,
    " a text between spaces ",
    "</owner>]]>&lt;&#10;<!--%s${x}{{x}}",
    ',"claim":{}}}',
    '{"holder": {"user": 1}, "note": []}',
    json.dumps({"scope": "sample/other", "claim": {"number": 9}, "more": "é"}),
)
"""Texts that a careless encoding would change."""

LEASES = (
    Lease(1, HOLDER),
    Lease(1, HOLDER, 7, "2030-01-01T00:00:00+00:00", 1.5, True, 3, True, "1.2.3", "recovery"),
    Lease(1, HOLDER, 8, "2030-01-01T00:00:00+00:00", 2.5, False, 3, False, "1.2.3"),
    Lease(1, Holder("Zoë", "desk", "boot-1", "100:1:attempt-1"), renew_time=1e9),
    Lease(1, Holder("u" * 300, "h" * 300, "boot-1", "100:1:attempt-1")),
)
"""Leases whose texts one record holds, one after the other."""


class Records:
    """The storage of core's records, which the provider does not read."""

    def test_a_text_is_read_as_it_was_written(self, stage: Stage) -> None:
        texts = [*drawn_texts(), *HARD_TEXTS]
        with stage.provider() as provider:
            _make(provider, provider.records.create(SCOPE, Record(1, texts[0])))
            assert _read(provider) == [Record(1, texts[0])]
            for text in texts[1:]:
                _make(provider, provider.records.write(SCOPE, Record(1, text)))
                assert _read(provider) == [Record(1, text)]
            _make(provider, provider.records.create(SCOPE, Record(2, texts[-1])))
            assert _read(provider) == [Record(1, texts[-1]), Record(2, texts[-1])]

    def test_a_lease_takes_the_place_of_any_text(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, provider.records.create(SCOPE, Record(1, "x" * TEXT_MAX)))
            for lease in LEASES:
                _make(provider, provider.records.write(SCOPE, Record(1, to_text(lease))))
                assert _read(provider) == [Record(1, to_text(lease))]
                assert [to_lease(record) for record in _read(provider)] == [lease]

    def test_a_longer_note_leaves_nothing_in_a_shorter_one(self, stage: Stage) -> None:
        lease = Lease(1, HOLDER)
        with stage.provider() as provider:
            _make(provider, provider.records.create(SCOPE, Record(1, to_text(lease, "n" * 800))))
            for note in ('{"a":1}', "n" * 300, ""):
                _make(provider, provider.records.write(SCOPE, Record(1, to_text(lease, note))))
                assert _read(provider) == [Record(1, to_text(lease, note))]

    def test_a_number_is_created_once(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, provider.records.create(SCOPE, Record(1, "first")))
            with pytest.raises(AlreadyExists):
                _make(provider, provider.records.create(SCOPE, Record(1, "second")))
            _make(provider, provider.records.create(SCOPE, Record(2, "next")))
            assert _read(provider) == [Record(1, "first"), Record(2, "next")]

    def test_each_record_takes_one_of_its_quota(self, stage: Stage) -> None:
        with stage.provider() as provider:
            if not (kind := provider.records.quota):
                pytest.skip("the catalogue of this provider has no quota of records")
            before = _count_used(provider, kind)
            for number in (1, 2):
                _make(provider, provider.records.create(SCOPE, Record(number, "x")))
            assert _count_used(provider, kind) == before + 2

    def test_a_deletion_takes_only_that_record(self, stage: Stage) -> None:
        with stage.provider() as provider:
            for scope, number in ((SCOPE, 1), (SCOPE, 11), (OTHER, 1)):
                _make(provider, provider.records.create(scope, Record(number, "text")))
            _make(provider, provider.records.delete(SCOPE, 1))
            assert _read(provider) == [Record(11, "text")]
            assert _read(provider, OTHER) == [Record(1, "text")]

    def test_a_record_that_is_gone_is_not_found(self, stage: Stage) -> None:
        with stage.provider() as provider:
            _make(provider, provider.records.create(SCOPE, Record(1, "text")))
            _make(provider, provider.records.delete(SCOPE, 1))
            with pytest.raises(NotFound):
                _make(provider, provider.records.write(SCOPE, Record(1, "text")))
            with pytest.raises(NotFound):
                _make(provider, provider.records.delete(SCOPE, 1))


def _make(provider: Provider, call: Call) -> None:
    """Make a call once, and wait until lists show its effect."""
    Caller(provider).once(call)
    provider.clock.sleep_until(provider.clock.now() + provider.capabilities.visibility_seconds)


def _count_used(provider: Provider, kind: str) -> int:
    """Return how much of a quota is used, by the catalogue."""
    reader = Reader(provider, Caller(provider).with_retries)
    catalogue = provider.catalogue({call: reader.pages(call) for call in provider.catalogue_calls()})
    (used,) = (quota.used for quota in catalogue.quotas if quota.kind == kind)
    assert used is not None
    return used


def _read(provider: Provider, scope: Scope = SCOPE) -> list[Record]:
    return read_records(Reader(provider, Caller(provider).with_retries), scope)
