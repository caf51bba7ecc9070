"""The record of used tokens: of two requests that were both admitted, one uses the token."""

import os

import pytest
from enrolments import SCOPE

from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.state import State, parse_revoked
from portinfra.trust.token import Token

TOKEN = Token(SCOPE, "app1", "a1", 7, 2**31)


@pytest.fixture
def state(tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "opened").write_text("5\n")
    (tmp_path / "revoked").write_text("app2 7\n")
    return State(tmp_path)


def test_a_token_is_used_once_also_by_requests_that_were_admitted_together(state):
    first, second = state.read_used(), state.read_used()
    assert first.keys.get(TOKEN.id) is None
    assert second.keys.get(TOKEN.id) is None
    assert state.use(TOKEN) is None
    assert state.use(TOKEN, b"another") == b""
    assert state.read_used().keys.get(TOKEN.id) == b""


def test_another_creation_of_the_host_is_another_token(state):
    state.use(TOKEN)
    assert state.use(Token(SCOPE, "app1", "a2", 7, 2**31)) is None


@pytest.mark.parametrize("lost", ["used", "opened"])
def test_a_part_that_is_lost_loses_the_record(state, lost):
    path = state.folder / lost
    path.rmdir() if path.is_dir() else path.unlink()
    assert state.read_used() is None


def test_no_token_is_used_without_a_record(state):
    (state.folder / "used").rmdir()
    with pytest.raises(Refusal, match="record of used tokens is lost"):
        state.use(TOKEN)


def test_the_record_says_when_it_began_and_which_hosts_are_revoked(state):
    used = state.read_used()
    assert (used.opened, used.revoked) == (5, {"app2": 7})
    assert parse_revoked("app1 9\napp1 10\napp1 3\n") == {"app1": 10}


def test_a_wrong_key_of_tokens_is_named(state):
    (state.folder / "enrolment.pub").write_text("hello")
    with pytest.raises(TrustError, match="is no public key"):
        state.read_key()


def test_the_uses_of_the_tokens_of_a_puppet_server_have_times_and_revisions(state):
    """All times are those of one machine, whichever operator revoked the host."""
    assert state.read_uses("app2") == []
    for creation, mark, used_at in (
        ("a3", b"revision 8\n", 300),
        ("a1", b"", 100),
        ("a2", b"revision 7\n", 200),
    ):
        token = Token(SCOPE, "app2", creation, 7, 2**31)
        state.use(token, mark)
        os.utime(state.folder / "used" / token.id, (used_at, used_at))
    assert state.read_uses("app2") == [(100, 0), (200, 7), (300, 8)]
    assert state.read_used().keys.get("app2.a1") == b""
