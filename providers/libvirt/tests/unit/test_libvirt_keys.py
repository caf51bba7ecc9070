"""Passphrases: from where they come, and that they are told to nobody."""

import pytest

from portinfra.errors import InvalidRequest, PermissionDenied
from portinfra_libvirt.keys import KeySource, passphrase


def test_a_file_that_only_its_owner_reads(tmp_path):
    key = tmp_path / "volumes.key"
    key.write_text("open sesame\n")
    key.chmod(0o600)
    assert passphrase(f"file:{key}", {}) == b"open sesame"
    assert passphrase("payments", {"payments": KeySource(file=str(key))}) == b"open sesame"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_refused_without_its_contents(tmp_path, mode):
    key = tmp_path / "volumes.key"
    key.write_text("open sesame\n")
    key.chmod(mode)
    with pytest.raises(PermissionDenied, match="other users may read") as caught:
        passphrase(f"file:{key}", {})
    assert "chmod 600" in caught.value.fix
    assert "sesame" not in str(caught.value)


def test_a_command_that_prints_it():
    assert KeySource(command=("echo", "open sesame")).passphrase() == b"open sesame"
    for command in (("false",), ("true",), ("/there/is/no/such/program",)):
        with pytest.raises(PermissionDenied, match=command[0]):
            KeySource(command=command).passphrase()


def test_without_a_key_no_two_disks_have_the_same():
    found = {passphrase(None, {}) for _ in range(20)}
    assert len(found) == 20
    assert min(map(len, found)) >= 48


def test_a_key_that_the_site_does_not_have_is_named_with_those_it_has():
    with pytest.raises(InvalidRequest, match="no key 'paymnts'") as caught:
        passphrase("paymnts", {"payments": KeySource(file="/x")})
    assert "payments" in caught.value.fix
