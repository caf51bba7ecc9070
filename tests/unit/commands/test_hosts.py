"""`hosts files` prints or writes what lies on each host; `hosts status` finds a file that is not so."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from json_schema import document_errors
from service_shop import PRODUCTION, SHOP, with_count
from typer.testing import CliRunner

from portinfra import render_hosts
from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.hosts import haproxy, hosts_file, manifest, nftables

FILES = render_hosts(SHOP, PRODUCTION)


def run(*arguments, topology=SHOP, answer=None):
    words = ("hosts", *arguments)
    session = Session("portinfra", words, Declared((topology,), (PRODUCTION,)))
    return CliRunner().invoke(app(session), words, input=answer)


def lines(changes=(), hosts=tuple(FILES)):
    """Return what `sha256sum` says on every host, behind its name; `changes` are (host, path) → content."""
    texts = {(host, file.path): file.content for host in hosts for file in FILES[host]} | dict(changes)
    return "".join(
        f"{host} {hashlib.sha256(text.encode()).hexdigest()}  {path}\n"
        for (host, path), text in texts.items()
        if text is not None
    )


def test_the_files_of_one_host_are_printed():
    done = run("files", "production", "app1")
    assert done.exit_code == 0
    assert done.stdout.startswith("# app1:/etc/nftables.conf\n#!/usr/sbin/nft -f\n")
    for file in FILES["app1"]:
        assert file.content in done.stdout
    assert "app2:" not in done.stdout


def test_an_unknown_host_is_answered_with_the_nearest():
    done = run("files", "production", "ap1")
    assert (done.exit_code, "Did you mean 'app1'?" in done.stderr) == (2, True)


def test_a_directory_has_every_file_and_a_manifest(tmp_path):
    into = tmp_path / "files"
    assert run("files", "production", "--into", str(into)).exit_code == 0
    document = json.loads((into / "manifest.json").read_text())
    assert document_errors(document) == []
    assert document == json.loads(run("files", "production", "--json").stdout)
    for host, files in FILES.items():
        for file in files:
            path = into / host / file.path.lstrip("/")
            assert (path.read_text(), path.stat().st_mode & 0o777) == (file.content, file.mode)
    assert document["hosts"]["app1"]["digest"] == FILES["app1"][-1].digest


def test_written_again_a_directory_has_no_folder_of_a_host_that_is_gone(tmp_path):
    into = tmp_path / "files"
    run("files", "production", "--into", str(into))
    run("files", "production", "--into", str(into), topology=with_count(SHOP, "web", 2))
    assert not (into / "web3").exists()
    assert (into / "web2" / "etc" / "hosts").is_file()


def test_written_again_a_directory_keeps_what_others_put_there(tmp_path):
    into = tmp_path / "files"
    run("files", "production", "--into", str(into))
    own = into / "web3" / "notes"
    own.write_text("mine")
    done = run("files", "production", "--into", str(into), topology=with_count(SHOP, "web", 2))
    assert "6 files removed" in done.stderr
    assert list((into / "web3").rglob("*")) == [own]


@pytest.mark.parametrize(
    "manifest_text", [None, "{}", "no json", '{"schema": "portinfra.hosts/1", "scope": "x/y"}']
)
def test_a_directory_of_others_is_left_alone(tmp_path, manifest_text):
    (tmp_path / "mine").write_text("mine")
    if manifest_text is not None:
        (tmp_path / "manifest.json").write_text(manifest_text)
    before = sorted(tmp_path.iterdir())
    done = run("files", "production", "--into", str(tmp_path))
    assert (done.exit_code, "Name an empty directory" in done.stderr) == (2, True)
    assert sorted(tmp_path.iterdir()) == before


def test_an_edited_manifest_removes_nothing_outside(tmp_path):
    into, outside = tmp_path / "files", tmp_path / "outside"
    outside.write_text("mine")
    run("files", "production", "--into", str(into))
    document = json.loads((into / "manifest.json").read_text())
    document["hosts"]["../x"] = {"files": [{"path": "/../outside"}]}
    document["hosts"]["web9"] = {"files": [{"path": "/../../outside"}]}
    (into / "manifest.json").write_text(json.dumps(document))
    assert run("files", "production", "--into", str(into)).exit_code == 0
    assert outside.exists()


@pytest.mark.parametrize(
    "hosts", [None, [], {"app1": None}, {"app1": {}}, {"app1": {"files": [{"path": 1}]}}]
)
def test_a_manifest_that_others_broke_is_bad_usage(tmp_path, hosts):
    run("files", "production", "--into", str(tmp_path))
    document = json.loads((tmp_path / "manifest.json").read_text())
    del document["hosts"]
    more = {} if hosts is None else {"hosts": hosts}
    (tmp_path / "manifest.json").write_text(json.dumps(document | more))
    done = run("files", "production", "--into", str(tmp_path))
    assert (done.exit_code, "Name an empty directory" in done.stderr) == (2, True)


def test_one_host_alone_is_not_written(tmp_path):
    done = run("files", "production", "app1", "--into", str(tmp_path))
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])


def test_without_delivery_there_are_no_files():
    done = run("files", "production", topology=evolve(SHOP, delivery=""))
    assert (done.exit_code, 'delivery="files"' in done.stderr) == (1, True)


def test_hosts_with_the_rendered_files_are_the_same():
    done = run("status", "production", answer=lines())
    assert (done.exit_code, done.stdout) == (0, "12 hosts: 12 as rendered.\n")


def test_digests_that_were_computed_in_binary_mode_are_the_same():
    """`sha256sum --binary` prints a star before the path."""
    done = run("status", "production", answer=lines().replace("  /", " */"))
    assert (done.exit_code, done.stdout) == (0, "12 hosts: 12 as rendered.\n")


@pytest.mark.parametrize("path", [nftables.PATH, haproxy.PATH, hosts_file.PATH, manifest.PATH])
def test_an_edit_is_found_though_the_manifest_of_the_host_agrees(path):
    """An intruder edits a file, and its digest in the manifest: then the manifest differs."""
    edited = lines({("app1", path): "edited\n"})
    done = run("status", "production", answer=edited)
    assert (done.exit_code, f"app1: {path} is not what portinfra renders" in done.stdout) == (2, True)


def test_a_file_without_a_digest_and_a_host_without_any_are_named():
    done = run(
        "status", "production", "--json", answer=lines({("app1", nftables.PATH): None}, ["app1", "app2"])
    )
    document = json.loads(done.stdout)
    assert document_errors(document) == []
    assert done.exit_code == 2
    assert document["hosts"]["app1"] == {"state": "differs", "edited": [], "missing": [nftables.PATH]}
    assert document["hosts"]["app2"]["state"] == "same"
    assert document["hosts"]["web1"]["state"] == "unread"


def test_hosts_that_the_topology_lacks_are_told():
    done = run("status", "production", answer=lines({("web9", "/etc/hosts"): "x\n"}))
    assert (done.exit_code, "no host web9" in done.stderr) == (0, True)


@pytest.mark.parametrize("text", ["app1 /etc/hosts\n", "app1 abc  /etc/hosts\n", f"app1 {'0' * 64} hosts\n"])
def test_a_line_of_another_form_is_bad_usage(text):
    done = run("status", "production", answer=text)
    assert (done.exit_code, "line 1 is not" in done.stderr) == (2, True)


def read_files(folder, host):
    """Return what the command of the page prints on a host whose root is a folder."""
    page = (Path(__file__).parents[3] / "docs" / "services.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"'(sha256sum .*?)'", page)
    root = folder / host
    there = command.replace("/etc/portinfra/manifest", f"{root}/etc/portinfra/manifest")
    there = there.replace("manifest)", f"manifest | sed s,^,{root},)")
    done = subprocess.run(["sh", "-c", there], capture_output=True, text=True, check=True)
    return "".join(f"{host} {line.replace(str(root), '')}\n" for line in done.stdout.splitlines())


def test_an_edit_of_a_real_file_is_found_though_its_manifest_was_edited_too(tmp_path):
    run("files", "production", "--into", str(tmp_path / "files"))
    assert "2 as rendered" in run("status", "production", answer=host_lines(tmp_path)).stdout
    edited = tmp_path / "files" / "app1" / "etc" / "hosts"
    before = hashlib.sha256(edited.read_bytes()).hexdigest()
    edited.write_text(f"{edited.read_text()}10.10.0.9\telsewhere\n")
    own = tmp_path / "files" / "app1" / "etc" / "portinfra" / "manifest"
    own.write_text(own.read_text().replace(before, hashlib.sha256(edited.read_bytes()).hexdigest()))
    done = run("status", "production", answer=host_lines(tmp_path))
    assert done.exit_code == 2
    for path in (hosts_file.PATH, manifest.PATH):
        assert f"app1: {path} is not what portinfra renders" in done.stdout
    assert "1 as rendered, 1 different" in done.stdout


def host_lines(folder):
    return read_files(folder / "files", "app1") + read_files(folder / "files", "web1")
