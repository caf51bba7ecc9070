"""What a machine lacks is told without libvirt, with the command that mends it."""

import builtins
import json
import sys

import pytest

from portinfra.commands.main import main as program
from portinfra_libvirt import doctor


@pytest.fixture
def main(monkeypatch):
    """The program, as a shell runs it; its exit code."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["portinfra", *arguments])
        with pytest.raises(SystemExit) as ended:
            program()
        return ended.value.code

    return run


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine on which nothing of libvirt is installed."""
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "libvirt" or name.startswith("libvirt."):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(doctor, "_path", lambda: str(tmp_path))
    monkeypatch.setattr(doctor, "_PROC", tmp_path)
    monkeypatch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))


def test_of_a_bare_machine_everything_is_told_with_its_command(bare):
    checks = {check.name: check for check in doctor.examine()}
    for name in ("libvirt's daemon", "QEMU", "libvirt's Python binding", "bridge-nf-call-iptables"):
        assert not checks[name].good
        assert checks[name].fix
    assert "apt-get install" in checks["QEMU"].fix
    assert "pip install" in checks["libvirt's Python binding"].fix
    assert "br_netfilter" in checks["bridge-nf-call-iptables"].fix


def test_what_filters_are_made_of_is_looked_for(bare, tmp_path):
    def good():
        found = {check.name: check for check in doctor.examine()}
        return [found[name].good for name in ("filters, with state", "filters on the wire")]

    assert good() == [False, False]
    for tool in ("iptables", "ebtables"):
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    assert good() == [True, True]


TWO = """
site "rack" {
  account = "rack"
  bridge  = "br-guests"
  zone "a" { uri = "qemu+ssh://root@hv1/system" }
  zone "b" { uri = "qemu+ssh://root@hv2/system" }
}
"""


def test_of_a_site_its_hypervisors_are_looked_at_and_not_this_machine(monkeypatch, tmp_path, main, capsys):
    (tmp_path / "sites.hcl").write_text(TWO)
    monkeypatch.setenv("PORTINFRA_SITES", str(tmp_path / "sites.hcl"))
    told = {
        "a": {
            "interfaces": ["br-guests"],
            "images": ["debian-12.qcow2"],
            "unfiltered": ["somebody"],
            "routers": {"shop/production": "10.20.255.254"},
        },
        "b": {"interfaces": ["eth0"], "images": [], "unfiltered": [], "routers": {}},
    }

    def hypervisors(site, found):
        found.update(told)
        return iter(())

    monkeypatch.setattr(doctor, "_hypervisors", hypervisors)
    assert main("providers", "--doctor", "--on", "libvirt:rack") == 1
    said = capsys.readouterr().out
    assert "QEMU" not in said
    assert "ok      the bridge br-guests of a" in said
    assert "missing the bridge br-guests of b: it does not exist" in said
    assert "missing who shares the bridge br-guests of a: no filter keeps these guests" in said
    assert "virsh edit somebody" in said
    assert "the router of shop/production: public hosts expect it at 10.20.255.254" in " ".join(said.split())
    assert "debian-12.qcow2: a has it, with an unknown SHA-256, b lacks it" in " ".join(said.split())


def test_where_to_look_is_a_location_of_the_provider(main, capsys):
    assert main("providers", "aws", "--doctor", "--on", "libvirt:rack") == 2
    assert main("providers", "--doctor", "--on", "rack") == 2
    assert main("providers", "libvirt", "--on", "libvirt:rack") == 2
    assert "add --doctor" in capsys.readouterr().err


def test_filtering_is_good_where_it_is_switched_on(bare, tmp_path):
    (tmp_path / "bridge-nf-call-iptables").write_text("1\n")
    assert next(each for each in doctor.examine() if each.name == "bridge-nf-call-iptables").good


def test_a_file_of_sites_with_a_mistake_is_told(bare, tmp_path):
    (tmp_path / "sites.hcl").write_text('site "rack" {\n}\n')
    last = doctor.examine()[-1]
    assert not last.good
    assert "needs a zone" in last.told


def test_the_command_prints_it_and_fails_while_anything_is_missing(bare, main, capsys):
    assert main("providers", "libvirt", "--doctor") == 1
    told = capsys.readouterr().out
    assert "missing QEMU: it is not installed" in told
    assert main("providers", "libvirt", "--doctor", "--json") == 1
    assert json.loads(capsys.readouterr().out)["schema"] == "portinfra.doctor/1"


def test_other_providers_need_nothing(main, capsys):
    assert main("providers", "fake", "--doctor") == 2
    assert main("providers", "--doctor") == 2
    assert "Name it" in capsys.readouterr().err


def test_without_the_binding_a_plan_says_how_to_get_it(bare, main, capsys, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "portinfra_libvirt.provider", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.hcl").write_text(
        'topology "x" {\n role "web" {}\n}\nenvironment "here" {\n on = "libvirt:qemu:///system"\n}\n'
    )
    assert main("plan", "here", "-f", "x.hcl") == 1
    assert "--doctor" in capsys.readouterr().err


def test_the_hook_of_a_site_with_public_addresses_is_looked_for(bare, tmp_path, monkeypatch):
    zone = 'forward = "nat"\n public = ["192.0.2.10"]\n zone "a"'
    (tmp_path / "sites.hcl").write_text(
        f'site "laptop" {{\n {zone} {{ uri = "qemu:///system" }}\n}}\n'
        f'site "rented" {{\n {zone} {{ uri = "qemu+ssh://root@hv1/system" }}\n}}\n'
    )
    *_, here, there = doctor.examine()
    assert (here.good, here.told) == (False, "nft is not installed")
    assert "apt-get install -y nftables; install -D -m 755" in here.fix
    assert there.good  # as far as can be seen from here
    assert "ssh root@hv1 'install -D -m 755 /dev/stdin /etc/libvirt/hooks/network.d/portinfra" in there.told

    (tmp_path / "nft").write_text("#!/bin/sh\n")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setattr(doctor.hook_installation, "problem", lambda: "it is of another version")
    *_, here, _ = doctor.examine()
    assert (here.good, here.told) == (False, "it is of another version")
    assert here.fix.startswith("install -D -m 755")
    monkeypatch.setattr(doctor.hook_installation, "problem", lambda: "")
    *_, here, _ = doctor.examine()
    assert here.good
