"""Which requests are signed, and the reason why another is not."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from enrolments import ENROLMENT, NOW, OTHER_KEY, request, shown_to_all, subject, token, with_other_key
from hypothesis import given
from hypothesis import strategies as st

from portinfra.trust.errors import Malformed
from portinfra.trust.policy import UsedTokens, decide
from portinfra.trust.request import CHALLENGE, public_pem, read_request
from portinfra.trust.token import VALID_SECONDS

NONE_USED = UsedTokens(1, {})
ATTEMPT = "01a228783e11-0a1b2c"
THIEF = ec.generate_private_key(ec.SECP256R1())


def decision(made, name="app1", used=NONE_USED, now=NOW):
    return decide(name, made, ENROLMENT, used, now)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
)
def test_the_created_host_gets_its_certificate(key):
    found = decision(request(given=token(), key=key))
    assert found.sign
    assert found.token.id == f"app1.{ATTEMPT}"


def test_a_token_in_puppets_extension_counts():
    assert decision(request(extension=shown_to_all(token()))).sign


def test_a_new_attempt_gets_a_new_certificate():
    used = UsedTokens(1, {f"app1.{ATTEMPT}": public_pem(request(key=THIEF))})
    assert decision(request(given=token(attempt="01a228783e11-ffffff")), used=used).sign


def two_tokens():
    return request(given=token(), extension=shown_to_all(token()))


OFFICE = x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "web")
LATE = NOW - 60 + VALID_SECONDS
REFUSED = {
    "without a token": (lambda: request(), "it has no token"),
    "with another key's token": (lambda: request(given="x" * 43), "another form than v1"),
    "with a forged token": (lambda: request(given=token(key=OTHER_KEY)), "forged"),
    "with another host's token": (lambda: request(given=token("app2")), "of another host: app2"),
    "with another environment's token": (
        lambda: request(given=token(scope="payments/development")),
        "of another environment: payments/development",
    ),
    "with two tokens": (two_tokens, "it has 2 tokens"),
    "with another subject": (lambda: request("ledger-db1", token()), "its subject is 'ledger-db1'"),
    "with two subjects": (lambda: request(given=token(), names=subject("app1", "web1")), "common name alone"),
    "with a role in its subject": (
        lambda: request(given=token(), names=x509.Name([*subject("app1"), OFFICE])),
        "common name alone",
    ),
    "without a subject": (lambda: request(given=token(), names=subject()), "common name alone"),
    "with more names": (lambda: request(given=token(), others=["ledger-db1"]), "requests other names"),
    "with its own name again": (lambda: request(given=token(), others=["app1"]), "requests other names"),
    "as an authority": (
        lambda: request(given=token(), extension=x509.BasicConstraints(True, None)),
        "requests the extension 2.5.29.19",
    ),
    "with a right of Puppet": (
        lambda: request(
            given=token(),
            extension=x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.34380.1.3.39"), b"\x0c\x04true"
            ),
        ),
        "requests the extension 1.3.6.1.4.1.34380.1.3.39",
    ),
    "with another's public key": (lambda: with_other_key(request(given=token())), "own key did not sign it"),
    "with a short key": (
        lambda: request(given=token(), key=ec.generate_private_key(ec.SECP192R1())),
        "weaker than RSA 2048",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_is_refused(case):
    make, reason = REFUSED[case]
    found = decision(make())
    assert not found.sign
    assert found.token is None
    assert reason in found.reason


@pytest.mark.parametrize("name", ["app", "app0", "../app1", "app1/", "App1", "1", "", "a" * 63 + "1"])
def test_a_name_that_no_host_has_is_refused(name):
    assert "not that of a host" in decision(request(name or "x", token()), name).reason


def test_a_token_is_used_by_one_key():
    """The host may repeat its request, as its answer may be lost. A thief of the token has another key."""
    host, thief = request(given=token()), request(given=token(), key=THIEF)
    for first, second in ((host, thief), (thief, host)):
        used = UsedTokens(1, {f"app1.{ATTEMPT}": public_pem(first)})
        assert decision(first, used=used).sign
        assert "was used before, by a request with another key" in decision(second, used=used).reason


def test_a_token_whose_key_is_not_known_is_used_once():
    used = UsedTokens(1, {f"app1.{ATTEMPT}": b""})
    assert decision(request(given=token()), used=used).reason == "the token was used before"


def test_an_expired_token_names_both_times():
    """A clock that is wrong at the first boot is found by these times."""
    assert decision(request(given=token()), now=LATE).sign
    found = decision(request(given=token()), now=LATE + 1)
    assert not found.sign
    assert found.reason == (
        "token expired: it was valid until 2030-03-18 17:45:40 UTC, and now is 2030-03-18 17:45:41 UTC"
    )


def test_a_lost_record_refuses_all():
    found = decision(request(given=token()), used=None)
    assert not found.sign
    assert "the record of used tokens is lost" in found.reason
    assert "trust reopen" in found.reason


def test_a_new_record_refuses_tokens_of_earlier_revisions():
    made = request(given=token(revision=2))
    assert decision(made, used=UsedTokens(2, {})).sign
    assert "revision 3 began a new record" in decision(made, used=UsedTokens(3, {})).reason


def test_a_revoked_host_needs_a_token_of_a_later_revision():
    made = request(given=token(revision=2))
    assert decision(made, used=UsedTokens(1, {}, {"app1": 2, "app2": 3})).sign
    assert "revision 3 revoked the host" in decision(made, used=UsedTokens(1, {}, {"app1": 3})).reason


def test_no_reason_has_the_token():
    for make, _ in REFUSED.values():
        assert token().split(".")[2] not in decision(make()).reason


@given(st.binary(max_size=200) | st.sampled_from([b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", b""]))
def test_what_is_no_request_is_malformed(raw):
    with pytest.raises(Malformed):
        read_request(raw)


ONE_REQUEST = request(given=token()).public_bytes(Encoding.DER)


@given(st.data())
def test_no_changed_request_is_signed(data):
    """A change of any byte on its way ends the signature of the request."""
    raw = bytearray(ONE_REQUEST)
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = read_request(bytes(raw))
    except Malformed:
        return
    assert not decision(changed).sign


@given(
    host=st.sampled_from(["app1", "app2"]),
    scope=st.sampled_from(["payments/production", "payments/development"]),
    since=st.integers(-2 * VALID_SECONDS, 0),
    revision=st.integers(1, 4),
    opened=st.integers(1, 4),
    revoked=st.none() | st.integers(1, 4),
    first=st.sampled_from([None, b"", public_pem(request()), public_pem(request(key=THIEF))]),
)
def test_only_the_right_token_in_its_time_is_signed(host, scope, since, revision, opened, revoked, first):
    used = UsedTokens(
        opened,
        {} if first is None else {f"{host}.{ATTEMPT}": first},
        {} if revoked is None else {"app1": revoked},
    )
    made = request(given=token(host, scope=scope, revision=revision, since=NOW + since))
    found = decision(made, used=used)
    assert found.sign == (
        host == "app1"
        and scope == "payments/production"
        and since + VALID_SECONDS >= 0
        and revision >= opened
        and (revoked is None or revision >= revoked)
        and first in (None, public_pem(request()))
    )


def test_a_key_without_a_size_is_strong_enough():
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject("app1"))
        .add_attribute(CHALLENGE, token().encode())
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
    )
    assert decision(made).sign
