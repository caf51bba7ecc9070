"""Files of sites: what they may say, and what is told of what they may not."""

import pytest

from portinfra.errors import InvalidRequest
from portinfra_libvirt import sites

RACK = """
site "rack" {
  account = "rack-production"
  bridge  = "br-guests"
  shutdown_seconds = 5
  zone "a" { uri = "qemu+ssh://root@hv1/system" }
  zone "b" { uri = "qemu+ssh://root@hv2/system" }
  key "payments" { file = "/etc/payments.key" }
  key "vault" { command = ["vault", "read", "key"] }
}
"""


def test_a_whole_file_is_read():
    (rack,) = sites.read(RACK, "sites.hcl")
    assert (rack.name, rack.account, rack.bridge, rack.shutdown_seconds) == (
        "rack",
        "rack-production",
        "br-guests",
        5,
    )
    assert rack.zones == ("a", "b")
    assert rack.at("b").uri == "qemu+ssh://root@hv2/system"
    assert not rack.alone
    assert rack.keys["payments"].file == "/etc/payments.key"
    assert rack.keys["vault"].command == ("vault", "read", "key")


def test_zones_of_one_uri_are_one_hypervisor():
    (one,) = sites.read(
        'site "x" {\n zone "a" { uri = "qemu:///system" }\n zone "b" { uri = "qemu:///system" }\n}\n',
        "sites.hcl",
    )
    assert one.alone
    assert one.zones == ("a", "b")


def test_a_uri_is_a_site_of_three_zones_in_name():
    site = sites.find("qemu:///system")
    assert site.alone
    assert site.zones == ("a", "b", "c")


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("qemu:///session", "no filters: qemu:///system has"),
        ("test:///default", "no QEMU of libvirt's"),
        ("qemu+ssh://hv1", "ssh://USER@HOST/system"),
    ],
)
def test_what_is_no_whole_hypervisor_is_told_before_anything_is_tried(uri, words):
    with pytest.raises(InvalidRequest, match=words):
        sites.find(uri)
    with pytest.raises(InvalidRequest, match=f'zone "a": .*{words}'):
        sites.read(f'site "x" {{\n zone "a" {{ uri = "{uri}" }}\n}}\n', "sites.hcl")


def test_everything_that_is_wrong_is_told_at_once():
    wrong = """
site "rack" {
  acount  = "x"
  forward = "sideways"
  zone "a" { uri = "qemu+ssh://root@hv1/system" }
  zone "b" { url = "qemu+ssh://root@hv2/system" }
  key "payments" { path = "/etc/payments.key" }
}
site "empty" {
}
"""
    with pytest.raises(InvalidRequest) as caught:
        sites.read(wrong, "sites.hcl")
    told = str(caught.value)
    for part in (
        "'acount'",
        "'sideways'",
        'zone "b" needs a uri',
        "bridge",
        'key "payments"',
        'site "empty"',
    ):
        assert part in told, part
    assert told.count("sites.hcl: ") >= 6


def test_what_is_no_hcl_is_told_with_its_line():
    with pytest.raises(InvalidRequest, match=r"sites\.hcl:2"):
        sites.read('site "rack" {\n  = 3\n}\n', "sites.hcl")


def test_a_missing_file_and_a_missing_site_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))
    with pytest.raises(InvalidRequest, match="needs a file of sites") as caught:
        sites.find("rack")
    assert 'site "rack"' in caught.value.fix
    (tmp_path / "sites.hcl").write_text(RACK)
    assert sites.find("rack").name == "rack"
    with pytest.raises(InvalidRequest, match="has no site 'rock'") as caught:
        sites.find("rock")
    assert "rack" in caught.value.fix
