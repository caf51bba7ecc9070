"""The text of a lease: written by one version, read by another."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from old_lease import HOLDER, OLD

from portinfra.model.lease import Holder, Lease
from portinfra.model.record import TEXT_MAX, Record
from portinfra.records.holder import shorten
from portinfra.records.lease import UNKNOWN, note_of, to_lease, to_text


def read(said):
    return to_lease(Record(3, said if isinstance(said, str) else json.dumps(said)))


names = st.text(max_size=300).map(shorten)
LONGEST = shorten("😀" * 300)

leases = st.builds(
    Lease,
    number=st.integers(1, 9_999_999),
    holder_identity=st.builds(Holder, user=names, host=names, machine=st.just("m"), process=st.just("1:2:x")),
    renewals=st.integers(0, 10**6),
    acquire_time=st.just(OLD["since"]),
    renew_time=st.floats(0, 1e10),
    released=st.booleans(),
    epoch=st.integers(0, 10**10),
    fenced=st.booleans(),
    version=st.just("0.1.0"),
    peer=st.from_regex(r"[a-z][a-z0-9-]{0,40}", fullmatch=True) | st.just(""),
)


@given(leases)
@example(
    Lease(
        9_999_999, Holder(LONGEST, LONGEST, "m" * 47, "4194304:99999999:019b8d714826-0c63d0"), peer="p" * 63
    )
)
def test_every_lease_fits_into_a_record_and_is_read_as_it_was_written(lease):
    text = to_text(lease)
    assert len(text) <= TEXT_MAX
    assert all(" " <= character <= "~" for character in text)
    assert to_lease(Record(lease.number, text)) == lease


def test_a_lease_has_the_names_of_the_one_in_kubernetes():
    lease = read(OLD)
    assert (lease.holder_identity, lease.attempt) == (Holder(**HOLDER), "attempt-1")
    assert (lease.acquire_time, lease.renew_time) == ("2026-11-28T10:00:00+00:00", 7.5)
    assert (lease.lease_duration_seconds, lease.renewals) == (60, 2)


def test_a_lease_of_an_older_version_has_no_peer():
    lease = read(OLD)
    assert (lease.number, lease.epoch, lease.fenced, lease.peer) == (3, 5, True, "")


def test_a_lease_without_a_peer_is_written_as_older_versions_wrote_it():
    assert to_text(read(OLD)) == json.dumps(OLD, separators=(",", ":"))


def test_a_lease_with_a_peer_has_no_key_that_older_versions_do_not_know():
    written = json.loads(to_text(Lease(3, Holder(**HOLDER), epoch=5, fenced=True, peer="recovery")))
    assert written.keys() == OLD.keys()
    assert (written["epoch"], written["fenced"], written["note"]) == (5, True, "peer: recovery")


def test_an_unfinished_lease_has_the_keys_of_older_versions_and_is_true_to_the_oldest():
    lease = Lease(3, Holder(**HOLDER), released=True, unfinished=True, epoch=5, fenced=True, peer="recovery")
    written = json.loads(to_text(lease))
    assert written.keys() == OLD.keys()
    assert written["released"]
    assert read(written) == lease


def test_keys_of_a_later_version_are_ignored():
    assert read({**OLD, "later": 1}) == read(OLD)
    assert read({**OLD, "holder": {**HOLDER, "later": 1}}) == read(OLD)


def test_a_key_that_an_older_version_did_not_have_gets_its_default():
    assert read({"holder": HOLDER}) == Lease(3, Holder(**HOLDER))


@pytest.mark.parametrize("said", ["", "{", "{}", {**OLD, "holder": {"user": "ada"}}, [1], '"claim"', "7"])
def test_a_lease_that_cannot_be_read_has_an_unknown_holder(said):
    assert read(said) == Lease(3, UNKNOWN)


def test_a_note_is_read_beside_the_holder():
    text = to_text(Lease(3, Holder(**HOLDER)), '{"kind":"point"}')
    assert note_of(Record(3, text)) == '{"kind":"point"}'
    assert note_of(Record(3, "damaged")) == ""


def test_a_text_that_no_record_holds_is_refused():
    with pytest.raises(ValueError, match="a record holds 1200"):
        to_text(Lease(3, Holder(**HOLDER)), "n" * TEXT_MAX)


WRONG = [None, "", "soon", -1, 1e300, float("inf"), [], {}, ["x"]]
"""Values of many types. Each key of a lease refuses most of them."""


@pytest.mark.parametrize("key", [key for key in OLD if key not in ("number", "holder", "note")])
def test_a_value_of_another_type_counts_for_nothing_and_the_others_are_read(key):
    for value in WRONG:
        lease = read({**OLD, key: value})
        assert (lease.number, lease.holder_identity) == (3, Holder(**HOLDER))
        assert lease.renew_time >= 0
        assert lease.epoch >= 0
        assert isinstance(lease.released, bool)
        if key not in ("epoch", "fenced"):
            assert (lease.epoch, lease.fenced) == (5, True)
