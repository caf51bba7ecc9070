"""nftables.conf, /etc/hosts, the manifest and the units of a host."""

import hashlib
import sys

from service_shop import PRODUCTION, SHOP, platform, rendered, with_count

from portinfra.hosts import haproxy, hosts_file, manifest, nftables, systemd
from portinfra.hosts.render import render
from portinfra.placement import place


def test_the_firewall_has_a_rule_for_each_peer_and_protocol():
    text = rendered()["app1"][nftables.PATH]
    lines = [line.strip() for line in text.splitlines() if "comment" in line]
    assert lines == [
        'ip saddr 10.10.0.0/22 tcp dport { 8443 } accept comment "web"',
        'ip saddr 10.10.4.1 udp sport 67 udp dport 68 accept comment "platform"',
        'ip daddr 10.10.8.0/22 tcp dport { 5432, 5671, 6380 } accept comment "db"',
        'ip daddr 10.10.12.0/22 udp dport { 514 } accept comment "logs"',
        'ip daddr { 10.10.4.1, 255.255.255.255 } udp dport 67 accept comment "platform"',
        'ip daddr 169.254.169.254 tcp dport 80 meta skuid 0 accept comment "platform"',
    ]


def test_the_firewall_drops_all_else_and_leaves_other_tables_alone():
    text = rendered()["app1"][nftables.PATH]
    assert text.count("policy drop;") == 3
    assert "\nflush" not in text


def test_one_more_host_changes_no_firewall():
    more = rendered(with_count(SHOP, "web", 30))
    for host, files in rendered().items():
        assert more[host][nftables.PATH] == files[nftables.PATH]


def test_a_change_of_a_count_leaves_the_files_of_strangers_as_they_are():
    """logs shares flows with web; db has none with logs."""
    changed = {
        host for host, files in rendered(with_count(SHOP, "logs", 2)).items() if files != rendered().get(host)
    }
    assert {host.rstrip("0123456789") for host in changed} == {"web", "app", "logs"}


def test_the_hosts_file_names_peers_and_the_host_itself():
    names = [line.split()[1] for line in rendered()["logs1"][hosts_file.PATH].splitlines()[3:]]
    assert names == ["logs1", "web1", "web2", "web3", *(f"app{number}" for number in range(1, 7))]
    own = rendered()["db2"][hosts_file.PATH]
    assert own.count("\tdb2\n") == 1
    assert "10.10.9.4\tdb2\n" in own


def test_the_manifest_has_the_digest_of_each_other_file():
    files = rendered()["app1"]
    lines = files.pop(manifest.PATH).splitlines()
    assert lines == [f"{hashlib.sha256(text.encode()).hexdigest()}  {path}" for path, text in files.items()]


def test_a_host_with_a_proxy_has_what_its_unit_lacks():
    app, logs = rendered()["app1"], rendered()["logs1"]
    assert {systemd.UNIT, systemd.SCRIPT} <= app.keys()
    assert logs.keys() == {nftables.PATH, hosts_file.PATH, manifest.PATH}


def test_each_file_says_how_it_is_checked_and_put_in_force():
    (files,) = [some for host, some in render(place(SHOP, PRODUCTION), platform).items() if host == "app1"]
    assert {file.path: (file.check, file.reload) for file in files} == {
        nftables.PATH: ("nft -c -f %", "systemctl reload nftables"),
        haproxy.PATH: ("haproxy -c -q -f %", "systemctl reload haproxy"),
        systemd.SCRIPT: ("sh -n %", ""),
        systemd.UNIT: ("", "systemctl daemon-reload"),
        hosts_file.PATH: ("", ""),
        manifest.PATH: ("sha256sum --check --quiet %", ""),
    }


def test_work_is_done_once_for_a_role_and_a_zone_and_little_for_a_host():
    """Twenty more callers cost as much as the twenty before them, and share the files that are equal."""
    asked = []

    def asked_platform(network, subnet):
        asked.append(subnet)
        return platform(network, subnet)

    def count_calls(web):
        calls = 0

        def count(frame, event, argument):
            nonlocal calls
            calls += 1

        placed = place(with_count(SHOP, "web", web), PRODUCTION)
        asked.clear()
        sys.setprofile(count)
        try:
            files = render(placed, asked_platform)
            made = [files[f"web{number}"] for number in range(1, web + 1)]
        finally:
            sys.setprofile(None)
        assert len(asked) == len(set(asked)) == 3 + 3 + 2 + 1, "web, app, db and logs, in their zones"
        assert len({id(some[0]) for some in made}) == 3, "hosts of a role in one zone have one firewall"
        return calls

    twenty, forty, sixty = map(count_calls, (20, 40, 60))
    assert sixty - forty <= 1.1 * (forty - twenty)


def test_the_files_of_hosts_are_made_when_they_are_read():
    files = render(place(SHOP, PRODUCTION), platform)
    assert files["web1"] == files["web1"]
    assert files["web1"] is not files["web1"]
    assert files == dict(files)
    assert len(files) == len([*files]) == 12
