"""Claims as JSON: written by one version, read by another."""

import json

import pytest

from portinfra.model.claim import Claim, Holder, from_json, to_json

HOLDER = {"user": "ada", "host": "laptop", "machine": "m", "process": "4711:1"}
OLD = {
    "number": 3,
    "holder": HOLDER,
    "beat": 2,
    "since": "2026-11-28T10:00:00+00:00",
    "active_at": 7.5,
    "released": True,
    "epoch": 5,
    "fenced": True,
    "version": "0.1.0",
    "note": "",
}
"""As it was written before there was a peer."""


@pytest.mark.parametrize("peer", ["", "recovery"])
def test_a_claim_is_read_as_it_was_written(peer):
    claim = Claim(3, Holder(**HOLDER), beat=2, epoch=5, fenced=True, peer=peer)
    assert from_json(json.loads(json.dumps(to_json(claim)))) == claim


def test_a_claim_of_an_older_version_has_no_peer():
    claim = from_json(OLD)
    assert (claim.epoch, claim.fenced, claim.peer) == (5, True, "")


def test_a_claim_without_a_peer_is_written_as_older_versions_read_it():
    assert to_json(from_json(OLD)) == OLD


def test_a_claim_with_a_peer_has_no_field_that_older_versions_do_not_know():
    written = to_json(Claim(3, Holder(**HOLDER), epoch=5, fenced=True, peer="recovery"))
    assert written.keys() == OLD.keys()
    assert (written["epoch"], written["fenced"]) == (5, True)


def test_unknown_fields_of_a_later_version_are_ignored():
    assert from_json({**OLD, "later": 1}) == from_json(OLD)
    assert from_json({**OLD, "holder": {**HOLDER, "later": 1}}) == from_json(OLD)


@pytest.mark.parametrize("said", [{}, {"holder": HOLDER}, {**OLD, "holder": {"user": "ada"}}, [1], "claim"])
def test_anything_else_is_refused(said):
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_json(said)
