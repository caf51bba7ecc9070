"""The list of revoked certificates of a Puppet Server: all those of a revoked host, and no others."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portinfra.trust.authority import create_authority, private_pem
from portinfra.trust.puppet_revocation import revoke_on_server

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority():
    return create_authority("shop/production", "puppet", NOW - DAY)


@pytest.fixture
def cadir(tmp_path, authority):
    """The folder of a Puppet Server that signed four certificates. Each begins a day earlier than signed."""
    (tmp_path / "ca_key.pem").write_bytes(private_pem(authority.key))
    (tmp_path / "ca_crt.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "ca_crl.pem").write_bytes(authority.revoke((), NOW - DAY).public_bytes(Encoding.PEM))
    signed = [(1, NOW - 9 * HOUR, "config1"), (0xA, NOW - 3 * HOUR, "web1"), (0xB, NOW - 2 * HOUR, "web1")]
    signed += [(0xC, NOW - 2 * HOUR, "web10"), (0xD, NOW + HOUR, "web1")]
    lines = [
        f"0x{serial:04x} {when - DAY:%Y-%m-%dT%H:%M:%S}UTC 2031-12-01T00:00:00UTC /CN={host}\n"
        for serial, when, host in signed
    ]
    (tmp_path / "inventory.txt").write_text("".join(lines))
    return tmp_path


def listed(cadir):
    return {each.serial_number for each in x509.load_pem_x509_crl((cadir / "ca_crl.pem").read_bytes())}


def revoke(cadir, host, now, *uses):
    """Revoke a host at revision 2. Its tokens were used at these times, with these revisions."""
    times = [(when.timestamp(), revision) for when, revision in uses]
    return revoke_on_server(cadir, {host: 2}, {host: times}, now)


FORMER = (NOW - 3 * HOUR, 1), (NOW - 2 * HOUR, 1)
SECOND = timedelta(seconds=1)


def test_all_certificates_of_former_revisions_end_and_later_ones_stay(cadir):
    assert revoke(cadir, "web1", NOW + DAY, *FORMER, (NOW + HOUR - SECOND / 2, 2)) == ["web1"]
    assert listed(cadir) == {0xA, 0xB}


def test_certificates_end_whose_tokens_have_no_record(cadir):
    assert revoke(cadir, "web1", NOW + DAY) == ["web1"]
    assert listed(cadir) == {0xA, 0xB, 0xD}


def test_a_former_token_that_is_used_after_one_of_the_revocation_gets_nothing_that_stays(cadir):
    """The host that signs may know a new host's token before the bundle that revokes the former ones."""
    uses = (NOW - 3 * HOUR, 2), (NOW - 2 * HOUR, 1), (NOW + HOUR, 2)
    assert revoke(cadir, "web1", NOW + DAY, *uses) == ["web1"]
    assert listed(cadir) == {0xB}


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_of_two_tokens_at_the_same_time_the_former_one_counts(cadir, first, second):
    uses = (NOW - 3 * HOUR, 2), (NOW - 2 * HOUR, 2)
    both = (NOW + HOUR - 3 * SECOND, first), (NOW + HOUR - SECOND, second)
    assert revoke(cadir, "web1", NOW + DAY, *uses, *both) == ["web1"]
    assert listed(cadir) == {0xD}


def test_what_was_revoked_stays_revoked_and_the_number_of_the_list_rises(cadir, authority):
    by_puppet = revoke(cadir, "web10", NOW)
    before = x509.load_pem_x509_crl((cadir / "ca_crl.pem").read_bytes())
    assert revoke(cadir, "web1", NOW + HOUR, *FORMER) == ["web1"]
    after = x509.load_pem_x509_crl((cadir / "ca_crl.pem").read_bytes())
    assert by_puppet == ["web10"]
    assert listed(cadir) == {0xA, 0xB, 0xC, 0xD}
    assert after.is_signature_valid(authority.certificate.public_key())
    assert number(after) > number(before)


def number(revocations):
    return revocations.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_second_bundle_changes_nothing(cadir):
    revoke(cadir, "web1", NOW)
    before = (cadir / "ca_crl.pem").read_bytes()
    assert revoke(cadir, "web1", NOW + HOUR) == []
    assert (cadir / "ca_crl.pem").read_bytes() == before


def test_the_file_keeps_its_rights(cadir):
    (cadir / "ca_crl.pem").chmod(0o640)
    revoke(cadir, "web1", NOW)
    assert (cadir / "ca_crl.pem").stat().st_mode & 0o777 == 0o640
