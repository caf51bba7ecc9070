"""The authority: what its certificates say, when it ends, and which certificates are revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from enrolments import host_key

from portinfra.trust.authority import create_authority, end_of, ends_soon, kind_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AUTHORITY = create_authority("payments/production", "est", NOW)
PUBLIC = host_key().public_key()


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def test_an_authority_signs_hosts_and_no_other_authority():
    constraints = extension(AUTHORITY.certificate, x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(True, 0)
    usage = extension(AUTHORITY.certificate, x509.KeyUsage).value
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert not usage.digital_signature


@pytest.mark.parametrize("kind", ["est", "puppet"])
def test_the_key_says_which_program_signs(kind):
    assert kind_of(create_authority("a/b", kind, NOW).certificate) == kind


def test_a_host_has_its_name_alone_for_thirty_days():
    made = AUTHORITY.issue("app1", PUBLIC, NOW)
    assert [each.value for each in made.subject] == ["app1"]
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [*extension(made, x509.SubjectAlternativeName).value] == [x509.DNSName("app1")]
    assert not extension(made, x509.BasicConstraints).value.ca
    assert end_of(made) == NOW + timedelta(days=30)


def test_a_long_scope_makes_an_authority():
    assert create_authority(f"{'a' * 63}/{'b' * 63}", "est", NOW)


@pytest.mark.parametrize(("days", "soon"), [(3650 - 91, False), (3650 - 89, True), (4000, True)])
def test_an_authority_warns_ninety_days_before_its_end(days, soon):
    assert ends_soon(AUTHORITY.certificate, NOW + timedelta(days=days)) is soon


def test_the_list_has_the_revoked_certificates():
    revoked, valid = (AUTHORITY.issue("app1", PUBLIC, NOW) for _ in range(2))
    listed = AUTHORITY.revoke([revoked], NOW)
    assert listed.get_revoked_certificate_by_serial_number(revoked.serial_number)
    assert listed.get_revoked_certificate_by_serial_number(valid.serial_number) is None
    assert listed.is_signature_valid(AUTHORITY.certificate.public_key())


def test_an_authority_of_an_operator_whose_clock_is_a_day_ahead_is_valid_at_once():
    made = create_authority("payments/production", "est", NOW + timedelta(days=1)).certificate
    assert made.not_valid_before_utc < NOW
