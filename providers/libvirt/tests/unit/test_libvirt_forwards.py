"""The way in by NAT: what the hook makes of libvirt's definitions, and which host gets which address."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from portinfra.errors import InvalidRequest
from portinfra.model.address import Address, Scope
from portinfra.model.observed import Observed
from portinfra.model.resources import Instance, PublicAddress
from portinfra.provider.interface import DONE, Call, Names, Refs, Refuse
from portinfra_libvirt import domains, filters, forwarding, hook, hook_installation, networks, sites
from portinfra_libvirt.drivers.guest import GuestParts
from portinfra_libvirt.drivers.public_address import PublicAddressDriver
from portinfra_libvirt.filters import Allowed
from portinfra_libvirt.site import Hypervisor, Site

SCOPE = Scope("shop", "production")
SITE = Site(
    "rack",
    (Hypervisor("rack", "qemu:///system", ("a",)),),
    forward="nat",
    public=("192.0.2.10", "192.0.2.11"),
)
CIDR = "10.30.0.0/16"
NETWORK = SCOPE.native_name("main")
BRIDGE = f"pi{SCOPE.hash}"
WEB1, WEB2 = Address("public-address.web1"), Address("public-address.web2")


def rule(protocol, first, last, cidr, way="ingress"):
    return Allowed(way, protocol, first, last, cidr, cidr)


RULES = [
    rule("tcp", 443, 443, "0.0.0.0/0"),
    rule("udp", 8000, 8100, "203.0.113.0/24"),
    rule("icmp", 0, 0, "0.0.0.0/0"),
    rule("tcp", 9100, 9100, "10.30.4.0/24"),  # of a role's
    rule("tcp", 5432, 5432, "0.0.0.0/0", "egress"),
]


def entry(address, ip, public, domain):
    return {"address": str(address), "ip": ip, "public": public, "domain": domain}


def network(site=SITE, **public):
    said = {"scope": str(SCOPE), "address": "network.main", "cidr": CIDR}
    document = networks.document(NETWORK, CIDR, said, SCOPE, site)
    for name, told in public.items():
        document = networks.with_entry(document, networks.PUBLIC, name, told)
    return document


@pytest.fixture
def definitions(tmp_path, monkeypatch):
    """What libvirt keeps of a network with a host behind a wall; its bridge is there."""
    monkeypatch.setattr(hook, "INTERFACES", tmp_path)
    (tmp_path / BRIDGE).mkdir()
    for name in ("qemu/networks", "nwfilter"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "nwfilter/wall.xml").write_text(filters.document("wall", "owner", RULES))
    guest = domains.Guest("guest", {}, "c1-m128", NETWORK, "52:00:00:00:00:01", "wall", "10.30.0.4", "r", "s")
    (tmp_path / "qemu/guest.xml").write_text(domains.document(guest))
    keep(tmp_path, network(web1=entry(WEB1, "10.30.0.4", "192.0.2.10", "guest")))
    return tmp_path


def keep(definitions, document):
    (definitions / "qemu/networks" / f"{NETWORK}.xml").write_text(document)


@pytest.fixture
def run(definitions, monkeypatch):
    """The hook, told of an operation; what it says, and what it gives to nft."""

    def told(operation, live=None):
        given = []
        monkeypatch.setattr(hook, "_nft", given.append)
        document = f"<hookData>{live or network()}</hookData>"
        return hook.main(operation, NETWORK, document, definitions), "".join(given)

    return told


def test_what_the_filter_lets_in_from_outside_is_forwarded_and_nothing_else(run):
    _, given = run("started")
    assert [line.strip() for line in given.splitlines() if line.endswith("dnat to 10.30.0.4")] == [
        "ip daddr 192.0.2.10 ip protocol icmp dnat to 10.30.0.4",
        "ip daddr 192.0.2.10 tcp dport 443-443 dnat to 10.30.0.4",
        "ip daddr 192.0.2.10 udp dport 8000-8100 dnat to 10.30.0.4",
    ]
    assert given.count(" dnat to ") == 3
    assert f'ip saddr {CIDR} oifname != "{BRIDGE}" masquerade' in given


def test_the_table_is_replaced_as_a_whole(run):
    _, given = run("updated")
    first, second, third = given.splitlines()[:3]
    assert first == f"table ip portinfra_{BRIDGE} {{ }}"  # there may be none yet
    assert second == f"delete table ip portinfra_{BRIDGE}"
    assert third == f"table ip portinfra_{BRIDGE} {{"


def test_it_goes_with_the_network_and_where_the_site_forwards_no_more(run, definitions):
    gone = hook.without(BRIDGE)
    assert run("stopped")[1] == gone
    keep(definitions, network(evolve(SITE, public=())))
    assert run("updated")[1] == gone
    keep(definitions, network())
    (definitions / BRIDGE).rmdir()
    assert run("updated")[1] == gone


def test_what_is_not_ours_is_left_alone(run, definitions):
    keep(definitions, f"<network><name>{NETWORK}</name><bridge name='{BRIDGE}'/></network>")
    assert run("started") == ("", "")


def test_a_host_that_is_gone_or_bears_another_address_gets_nothing(run, definitions):
    keep(definitions, network(web1=entry(WEB1, "10.30.0.5", "192.0.2.10", "guest")))
    assert " dnat to " not in run("updated")[1]
    keep(definitions, network(web1=entry(WEB1, "10.30.0.4", "192.0.2.10", "nobody")))
    assert " dnat to " not in run("updated")[1]


def test_it_answers_whoever_asked_and_no_one_else(run, definitions):
    kept = network(web1=entry(WEB1, "10.30.0.4", "192.0.2.10", "guest"))
    assert run("updated")[0] == ""
    keep(definitions, networks.changing(kept, True))
    assert run("updated")[0] == hook.ANSWER
    assert run("port-created")[0] == ""
    keep(definitions, networks.changing(networks.changing(kept, True), False))
    assert run("updated")[0] == ""


def test_it_runs_alone_and_fails_only_where_that_breaks_nothing(tmp_path):
    script = tmp_path / "portinfra"
    script.write_bytes(Path(hook.__file__).read_bytes())
    for operation, ends in (("updated", 1), ("started", 0)):
        command = [sys.executable, "-I", script, "no-such-network", operation, "begin", "-"]
        done = subprocess.run(command, input="<network/>", text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        done = subprocess.run(command, input="no XML", text=True, capture_output=True, check=False)
        assert done.returncode == ends
        assert done.stderr.startswith("portinfra hook: ")


def test_a_network_defined_anew_is_still_to_be_forwarded():
    told = networks.keep_entries(network(), networks.changing(network(), True))
    assert '"changing":true' in told


def test_each_host_gets_the_address_of_its_number_where_it_is_free():
    choose = forwarding.preferred_address
    assert choose("web2", SITE.public, ()) == "192.0.2.11"
    assert choose("web2", SITE.public, {"192.0.2.11": "x"}) == "192.0.2.10"
    assert choose("web3", SITE.public, ()) == "192.0.2.10"
    assert choose("door", SITE.public, ()) == "192.0.2.10"
    assert choose("web1", SITE.public, SITE.public) is None


def test_the_command_that_installs_the_hook_goes_where_the_hypervisor_is():
    here = hook_installation.command("qemu:///system")
    assert here.startswith(f"install -D -m 755 {hook.__file__} /etc/libvirt/hooks/network.d/portinfra")
    there = hook_installation.command("qemu+ssh://root@hv1:2222/system?keyfile=/k")
    assert there.startswith("ssh -p 2222 root@hv1 'install -D -m 755 /dev/stdin /etc/libvirt/")
    assert there.endswith(f"< {hook.__file__}")


@pytest.mark.parametrize(
    ("uri", "login"),
    [
        ("qemu+libssh2://admin@hv1:2222/system", "ssh -p 2222 admin@hv1 "),
        ("qemu+ssh://hv1/system", "ssh root@hv1 "),
        ("qemu+tls://hv1:16514/system", "ssh root@hv1 "),
        ("qemu+tcp://somebody@hv1/system", "ssh root@hv1 "),
        ("qemu://hv1/system", "ssh root@hv1 "),
    ],
)
def test_however_libvirt_is_reached_the_hook_gets_to_its_machine(uri, login):
    assert hook_installation.command(uri).startswith(f"{login}'install -D -m 755 /dev/stdin ")


def test_what_is_installed_is_told_from_what_is_missing_or_old(tmp_path):
    place = tmp_path / "portinfra"
    assert "does not exist" in hook_installation.problem(place)
    place.write_text("#!/bin/sh\n")
    assert "another version" in hook_installation.problem(place)
    place.write_bytes(Path(hook.__file__).read_bytes())
    assert "is not executable" in hook_installation.problem(place)
    place.chmod(0o755)
    assert hook_installation.problem(place) == ""


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('public = ["192.0.2.10"]', 'needs forward = "nat"'),
        ('forward = "nat"\n public = "192.0.2.10"', 'public = ["192.0.2.10"]'),
        (
            'forward = "nat"\n public = ["web.example", "10.0.0.300", 5]',
            "'web.example' is not an IPv4 address",
        ),
        ('forward = "nat"\n public = ["127.0.0.1"]', "no other machine can reach a host at 127.0.0.1"),
        ('forward = "nat"\n public = ["192.0.2.10", "192.0.2.10"]', "public has 192.0.2.10 twice"),
        ('forward = "nat"\n bridge = "br0"\n public = ["192.0.2.10"]', "remove bridge or public"),
    ],
)
def test_public_addresses_of_a_site_that_cannot_be_are_told(settings, told):
    with pytest.raises(InvalidRequest) as caught:
        sites.read_sites(
            f'site "rack" {{\n {settings}\n zone "a" {{ uri = "qemu:///system" }}\n}}\n', "sites.hcl"
        )
    assert re.match(r'sites.hcl:[234]: site "rack": ', str(caught.value))
    assert told in str(caught.value)


def test_everything_that_is_wrong_with_them_is_told_at_once():
    wrong = (
        'site "rack" {\n public = ["x", "192.0.2.1", "192.0.2.1"]\n zone "a" { uri = "qemu:///system" }\n}\n'
    )
    with pytest.raises(InvalidRequest) as caught:
        sites.read_sites(wrong, "sites.hcl")
    assert str(caught.value).count('site "rack": ') == 3


def test_sound_ones_are_read():
    told = (
        'site "rack" {\n forward = "nat"\n public = ["192.0.2.10"]\n zone "a" { uri = "qemu:///system" }\n}\n'
    )
    (site,) = sites.read_sites(told, "sites.hcl")
    assert site.public == ("192.0.2.10",)
    assert site.mode == "route"
    assert evolve(site, public=()).mode == "nat"


# The driver.


def refs(*seen):
    host = Instance("web1", None, None, "a", "10.30.0.4")
    parts = GuestParts(id="instance:guest", name="guest", at="rack", network=NETWORK).to_parts()
    hosts = [Observed(each, evolve(host, name=each.name), parts) for each in map(Address, HOSTS)]
    return Refs(SCOPE, "attempt", {each.address: each for each in [*hosts, *seen]})


HOSTS = ("instance.web1", "instance.web2", "instance.web3")


def wanted(name):
    return PublicAddress(name, Address(f"instance.{name}"))


def seen(site=SITE, changing=False, **public):
    document = networks.changing(network(site, **public), changing)
    names = Names(SCOPE, {"instance:guest": Address("instance.web1")})
    survey = Call("Survey", {"at": "rack"})
    told = {"networks": [networks.record(document, True)]}
    return PublicAddressDriver(site).assemble({survey: [told]}, names)


def test_a_host_shows_the_address_at_which_it_is_reached():
    (found,) = seen(web1=entry(WEB1, "10.30.0.4", "192.0.2.11", "guest"))
    assert (found.parts["ip"], found.state) == ("192.0.2.11", "ready")
    assert PublicAddressDriver(SITE).next_call(wanted("web1"), found, refs(found)) is DONE


@pytest.mark.parametrize(
    ("public", "changing", "reason"),
    [
        ("", False, "no public address of the site yet"),
        ("192.0.2.99", False, "192.0.2.99 is no longer a public address of the site"),
        ("192.0.2.10", True, "has not confirmed"),
    ],
)
def test_what_is_not_forwarded_as_it_should_be_is_written_anew(public, changing, reason):
    (found,) = seen(changing=changing, web1=entry(WEB1, "10.30.0.4", public, "guest"))
    assert found.state == "pending"
    assert reason in found.reason
    driver = PublicAddressDriver(SITE)
    call = driver.next_call(wanted("web1"), found, refs(found))
    assert isinstance(call, Call)
    assert call.action == "PutEntry"
    after = driver.absorb(found, call, {"ip": "192.0.2.10"})
    assert (after.state, after.parts["ip"]) == ("ready", "192.0.2.10")
    assert driver.next_call(wanted("web1"), after, refs(after)) is DONE


def test_more_public_hosts_than_addresses_are_refused_with_what_to_add():
    found = seen(
        web1=entry(WEB1, "10.30.0.4", "192.0.2.10", "guest"), web2=entry(WEB2, "10.30.0.5", "192.0.2.11", "b")
    )
    driver = PublicAddressDriver(SITE)
    assert isinstance(driver.next_call(wanted("web3"), None, refs(found[0])), Call)
    refused = driver.next_call(wanted("web3"), None, refs(*found))
    assert isinstance(refused, Refuse)
    assert "2 public addresses" in refused.reason
    assert 'public of site "rack"' in refused.fix
    assert isinstance(
        PublicAddressDriver(evolve(SITE, public=())).next_call(wanted("web3"), None, refs(*found)), Call
    )
