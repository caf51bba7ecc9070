"""Puppet and Ansible deliver rendered repositories to hosts with real firewalls, proxies and requests.

Exit codes, contents and counts decide, and no times.
"""

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from attrs import evolve
from delivered_hosts import DeliveredHost
from isolated_hosts import PROGRAMS as HOST_PROGRAMS
from service_shop import PAYMENTS, PRODUCTION, platform, with_count

from portinfra import Role, Topology, allow
from portinfra.commands.hosts.repository import write_repository
from portinfra.hosts import haproxy, hosts_file, manifest
from portinfra.hosts.delivery.ansible import playbook_repository
from portinfra.hosts.delivery.puppet import control_repository
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.testing.fabric import PROGRAMS, Fabric, Load, wait_until, why_impossible
from portinfra.testing.fabric.load import WAIT

pytestmark = [pytest.mark.tools(*PROGRAMS, *HOST_PROGRAMS), pytest.mark.slow]

AFTER = Topology(
    "shop",
    [Role("web"), Role("app", count=6, offers=PAYMENTS), Role("ops", count=1)],
    [allow("web", PAYMENTS, why="orders"), allow("ops", "web", tcp=22, why="deliveries")],
    delivery="puppet",
)
BEFORE = with_count(AFTER, "app", 3)
WEBS = ["web1", "web2", "web3"]


def files_of(topology):
    return render(place(topology, PRODUCTION), platform)


@pytest.fixture(scope="module")
def fabric(tmp_path_factory):
    """The servers of zone 0 run. Each web host gets its files, firewall and HAProxy from its test."""
    if why := why_impossible():
        pytest.skip(why)
    placed = place(AFTER, PRODUCTION)
    with Fabric(placed, files_of(AFTER), tmp_path_factory.mktemp("fabric")) as made:
        for name in ("app1", "app4"):
            made.load_firewall(name)
            made.start_application(name, PAYMENTS.port_of_app)
            made.start_proxy(name)
        yield made


def deliver(make, topology, folder, broken=()):
    """Bring a repository up to date. `broken` are hosts with a haproxy.cfg that HAProxy refuses."""
    placed, files = place(topology, PRODUCTION), dict(files_of(topology))
    for host in broken:
        *others, _ = (
            evolve(file, content=f"{file.content}nonsense\n") if file.path == haproxy.PATH else file
            for file in files[host]
        )
        files[host] = (*others, manifest.manifest_file(others))
    write_repository(folder, make(placed, files, platform))


def assert_has(host, topology):
    for file in files_of(topology)[host.name]:
        if file.path.startswith("/etc/"):
            assert host.read(file.path) == file.content
    host.run("sha256sum", "--check", "--quiet", manifest.PATH)


@contextmanager
def calls(fabric, *expected):
    """Call the service from web1. At the end each of these servers has answered, and no request failed."""
    with Load(fabric, ["web1"], PAYMENTS.local_port, pause=0.1) as load:
        load.settle({"web1": {"app1"}})
        load.begin()
        yield
        fresh = load.clients[0]
        wait_until(lambda: {*expected} == {each.answer for each in load.requests(fresh)}, seconds=WAIT)
        assert load.failures() == {}


THOROUGH = [pytest.param(False, id="once"), pytest.param(True, id="and again", marks=pytest.mark.soak)]


@pytest.mark.tools("puppet")
@pytest.mark.parametrize("is_thorough", THOROUGH)
def test_puppet_delivers_a_change_without_a_lost_request_and_refuses_a_broken_file(
    fabric, tmp_path, is_thorough
):
    environments = tmp_path / "environments"
    control = environments / "production"

    def apply():
        return host.attempt(
            *("puppet", "apply", "--detailed-exitcodes", "--environment", "production"),
            *("--environmentpath", str(environments), "--certname", "web1"),
            *(f"--{each}dir={tmp_path / each}" for each in ("conf", "var", "public")),
            str(control / "manifests" / "site.pp"),
        )

    with DeliveredHost(fabric, "web1", files_of(BEFORE)["web1"], tmp_path / "web1") as host:
        host.start_proxy()
        host.reloads()
        with calls(fabric, "app1", "app4"):
            deliver(control_repository, AFTER, control)
            done = apply()
            assert done.returncode == 2, done.stdout
            assert host.reloads() == ["reload haproxy"]
        assert_has(host, AFTER)
        deliver(control_repository, AFTER, control, broken=["web1"])
        refused = apply()
        assert refused.returncode == 4, refused.stdout
        assert "haproxy -c -q -f" in refused.stdout
        assert host.reloads() == []
        assert_has(host, AFTER)
        if is_thorough:
            deliver(control_repository, AFTER, control)
            assert apply().returncode == 0
            (host.folder / haproxy.PATH.lstrip("/")).unlink()
            shutil.rmtree(host.folder / "etc/systemd/system/haproxy.service.d")
            assert apply().returncode == 2
            assert host.reloads() == ["daemon-reload", "reload haproxy"]
            assert_has(host, AFTER)


@pytest.mark.tools("ansible-playbook", "sshd", "ssh-keygen")
@pytest.mark.parametrize("is_thorough", THOROUGH)
def test_ansible_delivers_zone_after_zone_and_stops_where_a_file_is_refused(
    fabric, tmp_path, tmp_path_factory, is_thorough
):
    folder = tmp_path / "ansible"
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / key], check=True)

    def play():
        with fabric.inside("ops1"):
            return subprocess.run(
                [
                    *("ansible-playbook", "-i", "inventory/production", "site.yml", "--limit", "web"),
                    *("--private-key", tmp_path / "user", "-u", "root"),
                    *("-e", "ansible_remote_tmp=/run/ansible"),
                ],
                cwd=folder,
                env={
                    **os.environ,
                    "ANSIBLE_HOME": str(tmp_path / "home"),
                    "ANSIBLE_HOST_KEY_CHECKING": "False",
                    "ANSIBLE_SSH_CONTROL_PATH_DIR": str(tmp_path_factory.mktemp("ssh")),
                    "ANSIBLE_SSH_ARGS": "-o UserKnownHostsFile=/dev/null -o ControlMaster=auto "
                    "-o ControlPersist=10s",
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )

    with ExitStack() as stack:
        hosts = {
            name: stack.enter_context(DeliveredHost(fabric, name, files_of(BEFORE)[name], tmp_path / name))
            for name in WEBS
        }
        for host in hosts.values():
            start_sshd(host, tmp_path)
            host.reloads()
        hosts["web1"].start_proxy()
        with calls(fabric, "app1", "app4"):
            deliver(playbook_repository, AFTER, folder, broken=["web2"])
            done = play()
            assert done.returncode == 2, done.stdout
        assert f"These files stay as they were: {haproxy.PATH}" in done.stdout
        assert hosts["web1"].reloads() == ["reload haproxy"]
        assert_has(hosts["web1"], AFTER)
        for name in ("web2", "web3"):
            assert hosts[name].reloads() == []
            assert hosts[name].read(haproxy.PATH) == content(BEFORE, name, haproxy.PATH)
        assert hosts["web2"].read(hosts_file.PATH) == content(AFTER, "web2", hosts_file.PATH)
        assert_has(hosts["web3"], BEFORE)
        if is_thorough:
            for name in ("web2", "web3"):
                hosts[name].start_proxy()
            deliver(playbook_repository, AFTER, folder)
            for reloads in (["reload haproxy"], []):
                done = play()
                assert done.returncode == 0, done.stdout
                assert hosts["web2"].reloads() == hosts["web3"].reloads() == reloads
                assert hosts["web1"].reloads() == []
            for host in hosts.values():
                assert_has(host, AFTER)


def content(topology, name, path):
    return next(file.content for file in files_of(topology)[name] if file.path == path)


def start_sshd(host, keys):
    settings = host.folder / "run" / "sshd_config"
    settings.write_text(
        f"""\
HostKey {keys}/host
AuthorizedKeysFile {keys}/user.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
"""
    )
    host.run("sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -f /run/sshd_config")
