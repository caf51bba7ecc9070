from attrs import evolve

from portinfra.model.lease import Lease
from portinfra.records import holder
from portinfra.render.console.status import lease_line

HELD = Lease(7, holder.this_run("claim-line"), acquire_time="2030-01-01T00:00:00+00:00")


def test_a_claim_whose_process_is_gone_says_who_takes_over():
    dead = evolve(HELD, holder_identity=evolve(HELD.holder_identity, process="999999999:1:x"))
    assert lease_line(dead).endswith("Its process is gone: the next apply takes over.")


def test_of_one_that_runs_or_is_elsewhere_nothing_is_guessed():
    elsewhere = evolve(HELD, holder_identity=evolve(HELD.holder_identity, machine="elsewhere"))
    for lease in (HELD, elsewhere):
        assert "held by" in lease_line(lease)
        assert "gone" not in lease_line(lease)


def test_the_moment_is_written_as_everywhere_else():
    assert "taken at 2030-01-01 00:00:00 UTC." in lease_line(HELD)
    assert "taken at soon." in lease_line(evolve(HELD, acquire_time="soon"))


def test_a_free_one_says_who_held_it_last():
    assert lease_line(evolve(HELD, released=True)).startswith("Lease: free; last held by")
    assert lease_line(None) == "Lease: no run has changed this environment yet."
