"""Files of sites: what they may say, and what is told of what they may not."""

import pytest

from portinfra.declaration.load import load
from portinfra.errors import InvalidRequest
from portinfra.model.environment import Environment
from portinfra_libvirt import sites
from portinfra_libvirt.provider import LibvirtProvider

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
    (rack,) = sites.read_sites(RACK, "sites.hcl")
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


def test_a_file_of_sites_beside_a_declaration_is_no_part_of_it(tmp_path):
    (tmp_path / "sites.hcl").write_text(RACK)
    (tmp_path / "shop.hcl").write_text('topology "shop" {}\n')
    assert load(tmp_path).topology().name == "shop"


def test_the_principal_is_the_uri_of_each_hypervisor():
    (rack,) = sites.read_sites(RACK, "sites.hcl")
    provider = LibvirtProvider(Environment("production", on="libvirt:rack"), rack)
    assert provider.principal_of({}) == "qemu+ssh://root@hv1/system, qemu+ssh://root@hv2/system"


def test_zones_of_one_uri_are_one_hypervisor():
    (one,) = sites.read_sites(
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
        ("qemu:///session", "without networks and filters: use qemu:///system"),
        ("test:///default", "is not libvirt's QEMU"),
        ("qemu+ssh://hv1", "ssh://USER@HOST/system"),
    ],
)
def test_what_is_no_whole_hypervisor_is_told_before_anything_is_tried(uri, words):
    with pytest.raises(InvalidRequest, match=words):
        sites.find(uri)
    with pytest.raises(InvalidRequest, match=f'zone "a": .*{words}'):
        sites.read_sites(f'site "x" {{\n zone "a" {{ uri = "{uri}" }}\n}}\n', "sites.hcl")


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
        sites.read_sites(wrong, "sites.hcl")
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
    assert [int(line.split(":")[1]) for line in told.splitlines()] == [3, 4, 6, 6, 2, 7, 9]


def site(settings, name="r"):
    return f'site "{name}" {{\n{settings}\n}}\n'


def zone(name, host):
    return f'  zone "{name}" {{ uri = "qemu+ssh://root@{host}/system" }}\n'


ZONE = zone("a", "hv1")
BRIDGE = '  bridge = "br"\n'
ONE_AND_OTHER = site('  account = "one"\n' + ZONE, "one") + site('  account = "other"\n' + ZONE, "other")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (
            site(BRIDGE + ZONE + zone("b", "hv1") + zone("c", "hv2")),
            1,
            "others do not: give each hypervisor",
        ),
        (site(BRIDGE + ZONE + zone("a", "hv2")), 4, 'zone "a" is declared twice'),
        (site(ZONE) + site(zone("a", "hv2")), 5, "declared twice, first at sites.hcl:1"),
        (ONE_AND_OTHER, 6, "accounts must not share a hypervisor (R1: one account"),
        (site('  shutdown_seconds = "abc"\n' + ZONE), 2, "a number of seconds, not 'abc'"),
        (site("  shutdown_seconds = true\n" + ZONE), 2, "a number of seconds, not True"),
        (site("  account = 5\n" + ZONE), 2, "account is a text"),
        (site('  virt_type = ["kvm"]\n' + ZONE), 2, "virt_type is one of"),
        (site('  directory = "guests"\n' + ZONE), 2, "a path from the root"),
        (site('  bridge = "br-${x}"\n' + ZONE), 2, "bridge is an expression"),
        (site('  bridge = "a"\n  bridge = "b"\n' + ZONE), 3, "bridge is set twice; line 2"),
        (site(zone("name", "hv1")), 2, "not cidr, id, name, owner"),
        (site(zone("a/b", "hv1")), 2, 'zone "a/b": a block has one name, of letters'),
        (site('  zone "a" { uri = "qemu+ssh://[bad/system" }'), 2, "[bad/system is not a URI"),
        (site('  zone "a" { uri = "qemu+ssh://hv1:port/system" }'), 2, "hv1:port/system is not a URI"),
        (site('  zone "a" "b" { uri = "qemu:///system" }'), 2, 'zone "a" "b": a block has one name'),
        (site('  zone = "a"'), 2, 'zone is a block: zone "NAME"'),
        (site('  key = "x"\n' + ZONE), 2, 'key is a block: key "NAME"'),
        (site('  disk "x" {\n  }\n' + ZONE), 2, "the block 'disk' is unknown"),
        (
            site('  key "x" { file = "/x" }\n  key "x" { file = "/y" }\n' + ZONE),
            3,
            'key "x" is declared twice',
        ),
        ("site {\n" + ZONE + "}\n", 1, "site without a name"),
        ('# rack\nsite = "x"\n', 2, "site = … is outside of a block"),
        ('sitez "r" {\n' + ZONE + "}\n", 1, "the block 'sitez' is unknown"),
    ],
)
def test_what_cannot_be_is_told_with_its_line_and_what_to_do(text, line, told):
    with pytest.raises(InvalidRequest) as caught:
        sites.read_sites(text, "sites.hcl")
    assert [each for each in str(caught.value).splitlines() if told in each] != []
    assert f"sites.hcl:{line}: " in next(each for each in str(caught.value).splitlines() if told in each)


def test_plain_values_are_read_as_they_are_written():
    text = site(
        '  account = "a \\"b\\"" # why\n  forward = "nat"\n  public = [\n    "192.0.2.1", # one\n  ]\n' + ZONE
    )
    (read,) = sites.read_sites(text.rstrip("\n"), "sites.hcl")
    assert (read.account, read.public) == ('a "b"', ("192.0.2.1",))


def test_two_sites_of_one_account_may_share_a_hypervisor():
    assert len(sites.read_sites(site(ZONE, "one") + site(ZONE, "other"), "sites.hcl")) == 2


def test_what_is_no_hcl_is_told_with_its_line():
    with pytest.raises(InvalidRequest, match=r"sites\.hcl:2"):
        sites.read_sites('site "rack" {\n  = 3\n}\n', "sites.hcl")


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
