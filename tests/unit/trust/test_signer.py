"""A token has one certificate, also where requests race, answers are lost, or the program that signs dies."""

import itertools
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from enrolments import KEY, SCOPE, request, token
from hypothesis import given
from hypothesis import strategies as st

from portinfra.trust.authority import create_authority
from portinfra.trust.errors import Refusal
from portinfra.trust.signer import Signer
from portinfra.trust.state import State

THIEF = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = create_authority(SCOPE, "est", datetime.now(UTC))


@pytest.fixture
def signer(tmp_path):
    return make_signer(tmp_path)


def make_signer(folder):
    (folder / "used").mkdir(parents=True)
    (folder / "opened").write_text("1\n")
    (folder / "revoked").touch()
    (folder / "scope").write_text(f"{SCOPE}\n")
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "enrolment.pub").write_bytes(public)
    return Signer(State(folder), AUTHORITY)


def fresh(host="app1"):
    """Return a token of a run that began a minute ago."""
    return token(host, since=int(time.time()) - 60)


def refusal(signer, made):
    with pytest.raises(Refusal) as caught:
        signer.enrol(made, None)
    return str(caught.value)


def files(signer, folder):
    return sorted(each.name for each in (signer.state.folder / folder).iterdir())


def test_a_host_whose_answer_was_lost_gets_the_same_certificate_again(signer):
    made, other = request(given=fresh()), request(given=fresh(), key=THIEF)
    first = signer.enrol(made, None)
    assert signer.enrol(made, "app1") == first
    assert "was used before, by a request with another key" in refusal(signer, other)
    assert files(signer, "issued") == [f"app1.{first.serial_number:x}.1"]


def test_a_host_whose_token_a_thief_used_is_refused(signer):
    signer.enrol(request(given=fresh(), key=THIEF), None)
    assert "was used before, by a request with another key" in refusal(signer, request(given=fresh()))


def test_a_revoked_host_does_not_get_its_certificate_again(signer):
    made = request(given=fresh())
    signer.enrol(made, None)
    (signer.state.folder / "revoked").write_text("app1 2\n")
    assert "revoked the host" in refusal(signer, made)


@pytest.mark.parametrize("same_key", [True, False])
def test_of_twelve_requests_with_one_token_one_key_gets_one_certificate(signer, same_key):
    text = fresh()
    keys = [None if same_key else ec.generate_private_key(ec.SECP256R1()) for _ in range(12)]

    def enrol(key):
        try:
            return signer.enrol(request(given=text, key=key), None)
        except Refusal:
            return None

    with ThreadPoolExecutor(12) as at_once:
        found = [each for each in at_once.map(enrol, keys) if each]
    assert len(found) == (12 if same_key else 1)
    assert {each.serial_number for each in found} == {found[0].serial_number}
    assert files(signer, "issued") == [f"app1.{found[0].serial_number:x}.1"]


@given(
    steps=st.lists(st.sampled_from(["enrol", "revoke", "send", "renew"]), max_size=12),
)
def test_a_revocation_ends_what_was_signed_before_it_whenever_the_signer_gets_it(tmp_path_factory, steps):
    """`enrol` is a new host with a token of now, `send` brings the revocations to the host that signs."""
    signer = make_signer(tmp_path_factory.mktemp("signer"))
    revision, revoked, known, certificates = 1, 0, 0, []
    for number, step in enumerate(steps):
        if step == "revoke":
            revision = revoked = revision + 1
        elif step == "send":
            known = revoked
            (signer.state.folder / "revoked").write_text(f"app1 {known}\n")
        elif step == "enrol":
            text = token(attempt=f"a{number}", revision=revision, since=int(time.time()))
            certificates.append((signer.enrol(request(given=text), None), revision))
        elif certificates:
            own, since = certificates[-1]
            if since < known:
                with pytest.raises(Refusal, match="is revoked"):
                    signer.renew(request(), None, own)
            else:
                certificates.append((signer.renew(request(), None, own), since))
    listed = signer.list_revoked()
    for certificate, since in certificates:
        is_listed = listed.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
        assert is_listed == (since < known)


def test_a_program_that_dies_at_any_file_leaves_one_certificate_for_the_key(tmp_path):
    """A copy of this process dies at each of its operations on files, one after the other."""
    made = request(given=fresh())
    for number in itertools.count():
        signer = make_signer(tmp_path / str(number))
        is_dead = dies(signer, made, number)
        marks = {each: (signer.state.folder / "used" / each).read_bytes() for each in marks_of(signer)}
        certificate = signer.enrol(made, None)
        pem = certificate.public_bytes(Encoding.PEM)
        assert set(marks.values()) <= {pem}
        assert signer.enrol(made, None) == certificate
        assert "another key" in refusal(signer, request(given=fresh(), key=THIEF))
        assert [each.public_bytes(Encoding.PEM) for each in signer.state.read_issued("app1", 2)] == [pem]
        if not is_dead:
            break
    assert number > 8


def marks_of(signer):
    return [each for each in files(signer, "used") if not each.startswith(".")]


def dies(signer, made, number):
    """Sign in a copy of this process. Return whether it died at the operation with this number."""
    copy = os.fork()
    if not copy:
        operations = itertools.count()

        def note(event, arguments):
            if event in ("open", "os.link", "os.remove", "os.mkdir") and next(operations) == number:
                os._exit(9)

        sys.addaudithook(note)
        signer.enrol(made, None)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 9
