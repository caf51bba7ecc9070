"""A token: what it says, its length, and each text that is none."""

import re

import pytest
from enrolments import KEY, NOW, OTHER_KEY, SCOPE, token
from hypothesis import given
from hypothesis import strategies as st

from portinfra.execution.run import new_attempt
from portinfra.provider.clock import SystemClock
from portinfra.trust.errors import Refusal, TrustError
from portinfra.trust.names import ATTEMPT, HOST, is_host
from portinfra.trust.names import SCOPE as SCOPES
from portinfra.trust.token import LENGTH_MAX, VALID_SECONDS, Token, read_token, sign_token
from portinfra.validation.names import ROLE_NAME_MAX, SCOPE_NAME_MAX

PUBLIC = KEY.public_key()
GOOD = token()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")


def test_the_reader_gets_what_the_signer_says():
    until = NOW - 60 + VALID_SECONDS
    assert read_token(GOOD, PUBLIC) == Token(SCOPE, "app1", "01a228783e11-0a1b2c", 1, until)


def test_the_same_run_signs_the_same_token():
    assert token() == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "another form"),
        ("v1", "another form"),
        (f"v2.{PAYLOAD}.{SIGNATURE}", "another form"),
        (f"{HEAD}.{PAYLOAD}", "another form"),
        (f"{GOOD}.", "another form"),
        (f" {GOOD}", "another form"),
        (f"{GOOD}\n", "another form"),
        (f"{GOOD}é", "another form"),
        (f"v1.{'A' * 300}.{SIGNATURE}", "another form"),
        (f"{HEAD}.{PAYLOAD}.{'A' * 86}", "forged"),
        (f"{HEAD}.{PAYLOAD[:-4]}AAAA.{SIGNATURE}", "forged"),
        (token("app2").rpartition(".")[0] + f".{SIGNATURE}", "forged"),
        (token(key=OTHER_KEY), "forged"),
    ],
)
def test_another_text_is_refused(text, reason):
    with pytest.raises(Refusal, match=reason):
        read_token(text, PUBLIC)


@given(st.text(max_size=300) | st.from_regex(r"v1\.[A-Za-z0-9_-]{1,120}\.[A-Za-z0-9_-]{86}", fullmatch=True))
def test_no_text_without_a_signature_is_read(text):
    with pytest.raises(Refusal):
        read_token(text, PUBLIC)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("Aa0-_.é\n"))
def test_no_changed_token_says_something_else(place, character):
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    try:
        assert read_token(changed, PUBLIC) == read_token(GOOD, PUBLIC)
    except Refusal:
        assert changed != GOOD


@given(
    st.from_regex(re.compile(SCOPES.pattern, re.ASCII), fullmatch=True),
    st.from_regex(HOST, fullmatch=True).filter(is_host),
    st.from_regex(ATTEMPT, fullmatch=True),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
)
def test_a_token_fits_or_is_not_signed(scope, host, attempt, revision, until):
    made = Token(scope, host, attempt, revision, until)
    if len(f"{scope} {host} {attempt} {revision} {until}") > 123:  # 164 characters in base64
        with pytest.raises(TrustError, match="a certificate request has room for 255"):
            sign_token(made, KEY)
        return
    text = sign_token(made, KEY)
    assert len(text) <= LENGTH_MAX
    assert read_token(text, PUBLIC) == made


def test_the_longest_names_of_a_declaration_fit():
    scope, host = f"{'t' * SCOPE_NAME_MAX}/{'e' * SCOPE_NAME_MAX}", f"{'r' * ROLE_NAME_MAX}10000"
    creation = f"{new_attempt(SystemClock())}-0"
    assert len(sign_token(Token(scope, host, creation, 999, 2**33), KEY)) <= LENGTH_MAX


@pytest.mark.parametrize(
    "wrong",
    [
        Token("payments", "app1", "a", 1, 0),
        Token("pay ments/production", "app1", "a", 1, 0),
        Token(SCOPE, "app", "a", 1, 0),
        Token(SCOPE, "../app1", "a", 1, 0),
        Token(SCOPE, "app1", "a/b", 1, 0),
        Token(SCOPE, "app1", "", 1, 0),
    ],
)
def test_names_that_no_host_has_are_not_signed(wrong):
    with pytest.raises(TrustError, match="no token can name"):
        sign_token(wrong, KEY)
