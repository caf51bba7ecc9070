"""The tutorial of docs/recovery-libvirt.md, its files and commands, on two real hypervisors.

A small guest stands in for Debian: it has no Python, so that it serves the rows by busybox.
"""

import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hypervisors.guest import build
from hypervisors.site import site
from portinfra.declaration.load import load

PAGE = (Path(__file__).parents[3] / "docs/recovery-libvirt.md").read_text(encoding="utf-8")
FILES = {
    name: text
    for text in re.findall(r"```(?:hcl|sh)\n(.*?)```", PAGE, re.DOTALL)
    for name in re.findall(r"\A(?:#\S+\n)?# ([\w.]+)", text)
}
COMMANDS = "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
HTTP_SERVER = {"python3 -m http.server 8080 -d /srv &": "busybox httpd -p 8080 -h /srv"}


@pytest.fixture
def machines():
    """The hypervisors of the tutorial, by the name that SSH has for them."""
    return {}


@pytest.fixture
def folder(tmp_path, shared, monkeypatch, machines):
    """The folder of the tutorial; its sites are two hypervisors of this machine."""
    image = build(shared, tools=("bash",))
    for name, text in FILES.items():
        (tmp_path / name).write_text(_replaced(text, HTTP_SERVER))
        (tmp_path / name).chmod(0o700)
    (tmp_path / "ledger.key").write_text("open sesame")
    (tmp_path / "ledger.key").chmod(0o600)
    with ExitStack() as stack:
        for name, machine in {"east": "hv1", "west": "hv2"}.items():
            running = stack.enter_context(
                site(name, tmp_path / "beds" / name, zones=("a",), image=image, account=name, shared=shared)
            )
            machines[f"root@{machine}"] = bed = running.zones["a"]
            path = tmp_path / "sites.hcl"
            path.write_text(path.read_text().replace(f"qemu+ssh://root@{machine}/system", bed.uri))
        quick = '"\n  virt_type = "qemu"\n  shutdown_seconds = 0\n  zone'
        path.write_text(path.read_text().replace('"\n  zone', quick))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        monkeypatch.delenv("PORTINFRA_SITES", raising=False)
        monkeypatch.setenv("PORTINFRA_HOME", ".portinfra")
        yield tmp_path


def _replaced(text, replacements):
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


def test_its_files_declare_a_plan_without_errors(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (plan,) = load(tmp_path).recoveries
    assert (plan.source, plan.target) == ("production", "recovery")
    assert set(FILES) == {"sites.hcl", "ledger.hcl", "ledger.sh", "rows"}


@pytest.mark.soak  # a minute of the processors' time
def test_its_commands_print_what_the_page_says(folder, machines):
    for block in COMMANDS.split("$ ")[1:]:
        command, *expected = block.rstrip("\n").split("\n")
        output = printed(command, machines)
        print(f"$ {command}\n{output}")
        if command.startswith("ssh"):
            assert len(output.splitlines()) == len(expected), output
        for line in expected:
            assert _words(line) in _words(output), f"{command}: {line!r} is not in\n{output}"


def printed(command, machines):
    """What a command prints. The bed reads a machine, not SSH."""
    words = shlex.split(command)
    if words[0] != "ssh":
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout
    get = f"until busybox wget -q -O - {words[-1]}; do sleep 1; done"
    return machines[words[1]].run("timeout", "120", "sh", "-c", get)


def _words(text):
    """Without what is another each time: ids, lengths of time, and how wide a column is."""
    text = re.sub(r"[0-9]{4}-[0-9-]+T[0-9:]+Z", "MOMENT", text)
    text = re.sub(r"[0-9a-f]{8,10}", "ID", text)
    text = re.sub(r"(\d+ (h|min|s)\b ?)+", "TIME ", text)
    return re.sub(r"[ \n]+", " ", text).strip()
