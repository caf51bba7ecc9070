"""Crashes of every run that creates, changes or deletes the smallest topology with one of each kind."""

from attrs import evolve

from portinfra.model.topology import Topology
from portinfra.testing.conformance.stage import Stage
from portinfra.testing.conformance.sweep import Crashes
from portinfra.testing.faults import Mishap

DEATHS: tuple[Mishap, ...] = ("dies before", "dies after")
"""The forms in which the process dies. After a lost answer the run continues and leaves complete resources.
"""


class CrashAtEveryCall:
    """A second run ends in the same state, with nothing leaked or doubled, by the ground truth of the bed."""

    def test_while_creating(self, stage: Stage) -> None:
        before = stage.bed.before
        assert sweep_to(stage, None, before) > 0

    def test_while_creating_what_is_then_given_up(self, stage: Stage) -> None:
        before = stage.bed.before

        def given_up() -> None:
            stage.remove(before)
            assert list(stage.bed.ground_truth()) == []

        crashes = Crashes(
            stage.bed.reset,
            lambda hand: stage.bring(before, hand),
            given_up,
            stride=3 * stage.bed.stride,
            forms=DEATHS,
        )
        assert sweep(stage, crashes) > 0

    def test_while_changing_one_of_each_kind(self, stage: Stage) -> None:
        assert sweep_to(stage, stage.bed.before, stage.bed.after) > 0

    def test_while_destroying(self, stage: Stage) -> None:
        assert sweep_to_nothing(stage, stage.bed.before) > 0


def sweep_to(stage: Stage, before: Topology | None, after: Topology, stride: int = 1) -> int:
    """Crash the change from one topology (None: nothing) to another. Return the number of crashes."""

    def prepare() -> None:
        stage.bed.reset()
        if before is not None:
            stage.bring(before)

    def ends_well() -> None:
        stage.bring(after)
        assert stage.plan(after).changes == ()
        assert stage.ground_truth() == expected

    prepare()
    stage.bring(after)
    expected = stage.ground_truth()
    return sweep(stage, Crashes(prepare, lambda hand: stage.bring(after, hand), ends_well, stride=stride))


def sweep_to_nothing(stage: Stage, before: Topology, stride: int = 1) -> int:
    """Crash the destroy of a topology. Return the number of crashes."""

    def prepare() -> None:
        stage.bed.reset()
        stage.bring(before)

    def ends_well() -> None:
        stage.remove(before)
        assert list(stage.bed.ground_truth()) == []

    return sweep(stage, Crashes(prepare, lambda hand: stage.remove(before, hand), ends_well, stride=stride))


def sweep(stage: Stage, crashes: Crashes) -> int:
    """Sweep by forks, or by repeated runs, as the bed allows."""
    bed = stage.bed
    stride = max(bed.stride, crashes.stride)
    return evolve(crashes, forked=bed.forked, stride=stride, repeats=bed.repeats).sweep()
