import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

from attrs import evolve

from portinfra.model.lease import Holder
from portinfra.records import holder as holders


def test_a_run_of_this_process_lives_until_it_ends():
    me = holders.this_run("a1")
    assert holders.is_on_this_machine(me)
    assert holders.is_alive(me)
    holders.mark_ended(me)
    assert not holders.is_alive(me)


def test_another_process_lives_as_long_as_it_runs():
    with subprocess.Popen(["sleep", "60"]) as process:
        started = holders.start_time(process.pid)
        other = evolve(holders.this_run("a2"), process=f"{process.pid}:{started}:x")
        assert holders.is_alive(other)
        process.kill()
        process.wait()
        assert not holders.is_alive(other)


def test_a_process_id_that_was_used_again_is_not_taken_for_the_holder():
    parent = os.getppid()
    assert not holders.is_alive(evolve(holders.this_run("a3"), process=f"{parent}:1:x"))


def test_another_machine_is_another_machine():
    assert not holders.is_on_this_machine(evolve(holders.this_run("a4"), machine="elsewhere"))


def test_another_users_process_lives_although_nothing_is_told_of_it(monkeypatch):
    def hidden(self):
        raise FileNotFoundError

    def refused(pid, signal):
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", hidden)
    monkeypatch.setattr(os, "kill", refused)
    assert holders.is_alive(Holder("ada", "vm", "here", "4711:99:a5"))


def test_a_container_is_another_machine_than_its_host(monkeypatch):
    here = holders.this_run("a6")
    stat = Path.stat

    def elsewhere(self, **named):
        told = stat(self, **named)
        return SimpleNamespace(st_ino=told.st_ino + 1) if "ns/pid" in str(self) else told

    monkeypatch.setattr(Path, "stat", elsewhere)
    assert not holders.is_on_this_machine(here)
