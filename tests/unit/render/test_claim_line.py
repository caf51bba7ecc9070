from attrs import evolve

from portinfra.execution import holder
from portinfra.model.claim import Claim
from portinfra.render.console.status import claim_line

HELD = Claim(7, holder.this_run("claim-line"), since="2030-01-01T00:00:00+00:00")


def test_a_claim_whose_process_is_gone_says_who_takes_over():
    dead = evolve(HELD, holder=evolve(HELD.holder, process="999999999:1:x"))
    assert claim_line(dead).endswith("Its process is gone: the next apply takes over.")


def test_of_one_that_runs_or_is_elsewhere_nothing_is_guessed():
    elsewhere = evolve(HELD, holder=evolve(HELD.holder, machine="elsewhere"))
    for claim in (HELD, elsewhere):
        assert "held by" in claim_line(claim)
        assert "gone" not in claim_line(claim)


def test_a_free_one_says_who_applied_last():
    assert claim_line(evolve(HELD, released=True)).startswith("Claim: free; last applied by")
    assert claim_line(None) == "Claim: nobody has applied here."
