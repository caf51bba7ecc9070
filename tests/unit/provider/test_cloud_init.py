"""What a host is told at birth, as cloud-init takes it."""

from email import message_from_string

import pytest

from portinfra.provider.cloud_init import kind_of, user_data

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
    [
        ("#cloud-config\n{}\n", "text/cloud-config"),
        ("#cloud-config-archive\n- type: text/x-shellscript\n", "text/cloud-config-archive"),
        ("#cloud-config-jsonp\n[]\n", "text/cloud-config-jsonp"),
        ("#!/bin/sh\n", "text/x-shellscript"),
        ("#cloud-boothook\n#!/bin/sh\n", "text/cloud-boothook"),
        ("#include\nhttp://x", "text/x-include-url"),
        ("#include-once\nhttps://example.com/x\n", "text/x-include-once-url"),
        ("#part-handler\n", "text/part-handler"),
        ("#upstart-job\n", "text/upstart-job"),
        ("## template: jinja\n#cloud-config\n", "text/jinja2"),
        ("\n  #Cloud-Config\n", "text/cloud-config"),
        ("#!/bin/sh\necho 'MIME-Version: 1.0'\n", "text/x-shellscript"),
    ],
)
def test_each_part_bears_its_kind(text, kind):
    assert kind_of(text) == kind
    parts = message_from_string(user_data(text, ends_after=60)).get_payload()
    assert parts[1].get_content_type() == kind
    assert parts[1].get_payload().strip() == text.strip()


def test_a_message_of_the_user_is_a_part_with_its_own_parts():
    own = user_data(SCRIPT, ends_after=60).replace("portinfra-part-of-user-data", "users-own")
    kinds = [part.get_content_type() for part in message_from_string(user_data(own, (KEY,))).walk()]
    assert kinds == [
        "multipart/mixed",
        "text/cloud-config",
        "multipart/mixed",
        "text/cloud-config",
        "text/x-shellscript",
    ]


@pytest.mark.parametrize("text", ["echo hello", "\ufeff#!/bin/sh\n", "# cloud-config\n", "packages: [nginx]"])
def test_what_cloud_init_does_not_know_has_no_kind(text):
    assert kind_of(text) is None
