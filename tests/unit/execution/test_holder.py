import os
import subprocess

from attrs import evolve

from portinfra.execution import holder as holders


def test_a_run_of_this_process_lives_until_it_ends():
    me = holders.this_run("a1")
    assert holders.same_machine(me)
    assert holders.alive(me)
    holders.ended(me)
    assert not holders.alive(me)


def test_another_process_lives_as_long_as_it_runs():
    with subprocess.Popen(["sleep", "60"]) as process:
        started = holders._started(process.pid)
        other = evolve(holders.this_run("a2"), process=f"{process.pid}:{started}:x")
        assert holders.alive(other)
        process.kill()
        process.wait()
        assert not holders.alive(other)


def test_a_process_id_that_was_used_again_is_not_taken_for_the_holder():
    parent = os.getppid()
    assert not holders.alive(evolve(holders.this_run("a3"), process=f"{parent}:1:x"))


def test_another_machine_is_another_machine():
    assert not holders.same_machine(evolve(holders.this_run("a4"), machine="elsewhere"))
