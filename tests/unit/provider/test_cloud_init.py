"""What a host is told at birth, as cloud-init takes it."""

from email import message_from_string

import pytest

from portinfra.provider.cloud_init import user_data

SCRIPT = "#!/bin/sh\necho hello\n"
KEY = "ssh-ed25519 AAAA ada"


def test_what_is_alone_stays_as_it_is():
    assert user_data("") == ""
    assert user_data(SCRIPT) == SCRIPT


def test_keys_alone_are_a_cloud_config():
    assert user_data("", (KEY,)).startswith("#cloud-config\nssh_authorized_keys:")


def test_a_host_that_is_to_end_itself_is_told_so_first():
    parts = message_from_string(user_data(SCRIPT, (KEY,), 7200)).get_payload()
    assert [part.get_content_type() for part in parts] == ["text/cloud-config", "text/x-shellscript"]
    assert "--no-block" in parts[0].get_payload()
    assert "--on-active=7200, systemctl, --no-block, poweroff]" in parts[0].get_payload()
    assert KEY in parts[0].get_payload()


def test_what_is_done_at_every_boot_is_a_boothook_before_the_users_own():
    assert user_data("", every_boot=SCRIPT) == f"#cloud-boothook\n{SCRIPT}"
    parts = message_from_string(user_data(SCRIPT, (KEY,), every_boot=SCRIPT)).get_payload()
    kinds = ["text/cloud-config", "text/cloud-boothook", "text/x-shellscript"]
    assert [part.get_content_type() for part in parts] == kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [("#cloud-config\n{}\n", "text/cloud-config"), ("#include\nhttp://x", "text/x-include-url")],
)
def test_each_part_bears_its_kind(text, kind):
    parts = message_from_string(user_data(text, ends_after=60)).get_payload()
    assert parts[1].get_content_type() == kind
