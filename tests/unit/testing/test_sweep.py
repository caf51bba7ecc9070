"""The crash sweep tries each distinct world once, a sample of the equal ones, and reports every bad end."""

import pytest
from attrs import define, field

from portinfra.errors import OutcomeUnknown
from portinfra.model.address import Address
from portinfra.provider.interface import Call
from portinfra.testing.conformance.sweep import Choice, Crashes

READ = Call("ListVolumes")


def write(number):
    return Call("CreateVolume", address=Address(f"volume.v{number}"))


RUN = [READ, READ, write(1), READ, write(2), write(3), READ]
"""The calls of a run."""


@define
class World:
    """Volumes, and a run that creates the missing ones. It stands for a provider."""

    name: str = "world"
    volumes: set[str] = field(factory=set)
    forgets: str = ""
    """A volume that only the first run creates: a defect that some crash must show."""
    first: bool = True

    def prepare(self):
        self.volumes.clear()
        self.first = True

    def perform(self, call):
        if not call.reads:
            self.volumes.add(str(call.address))
        return {}

    def run(self, hand):
        for call in RUN:
            if call.reads or (str(call.address) not in self.volumes and self.creates(call)):
                try:
                    hand(self, call)
                except OutcomeUnknown:
                    assert call.reads or str(call.address) in self.volumes

    def creates(self, call):
        return self.first or str(call.address) != self.forgets

    def ends_well(self):
        self.first = False
        self.run(lambda provider, call: provider.perform(call))
        assert self.volumes == {"volume.v1", "volume.v2", "volume.v3"}

    def crashes(self, **settings):
        return Crashes(self.prepare, self.run, self.ends_well, **settings)


def chosen(stride=1, equals=1000, **settings):
    """The crashes that are tried, each as the number of the call and its form."""
    choice = Choice(stride, equals, **settings)
    return [(number, mishap) for number, call in enumerate(RUN, 1) for mishap in choice.at(call)]


def test_each_distinct_crash_is_tried_once():
    distinct = [crash for crash in chosen() if crash != (1, "dies after")]  # the sample begins with one
    assert distinct == [
        (1, "dies before"),
        (1, "answer lost"),
        (3, "dies after"),
        (3, "answer lost"),
        (5, "dies after"),
        (5, "answer lost"),
        (6, "dies after"),
        (6, "answer lost"),
    ]


def test_with_every_equal_one_each_call_is_tried_in_three_forms():
    assert len(chosen(equals=1)) == 3 * len(RUN)


@pytest.mark.parametrize("equals", [4, 16])
def test_the_sample_of_equal_crashes_has_all_three_forms(equals):
    choice = Choice(1, equals)
    assert {m for _ in range(equals * 3) for m in choice.at(READ)} == {
        "dies before",
        "dies after",
        "answer lost",
    }


def test_a_stride_tries_one_write_in_so_many():
    assert [number for number, mishap in chosen(stride=2) if mishap == "dies after"] == [1, 5]


def test_of_the_writes_of_an_action_the_first_is_tried_and_one_in_so_many_after_it():
    calls = [write(1), Call("StartInstance"), write(2), Call("StopInstance"), write(3), write(4)]
    choice = Choice(1, 1000, repeats=3)
    tried = [(call.action, call.address) for call in calls if "answer lost" in choice.at(call)]
    assert tried == [
        ("CreateVolume", write(1).address),
        ("StartInstance", None),
        ("StopInstance", None),
        ("CreateVolume", write(4).address),
    ]


def test_without_repeats_only_the_first_write_of_an_action_is_tried():
    calls = [write(1), Call("StartInstance"), write(2), write(3)]
    choice = Choice(1, 1000, repeats=None)
    tried = [call.action for call in calls if "answer lost" in choice.at(call)]
    assert tried == ["CreateVolume", "StartInstance"]


def test_repeats_leave_out_no_read():
    reads = [number for number, mishap in chosen(repeats=100) if RUN[number - 1] == READ]
    assert reads == [number for number, mishap in chosen() if RUN[number - 1] == READ]


def test_only_the_forms_that_are_asked_for_are_tried():
    deaths = ("dies before", "dies after")
    assert chosen(forms=deaths) == [(number, mishap) for number, mishap in chosen() if mishap in deaths]


def test_strides_that_begin_at_each_number_try_each_crash_of_a_write_once():
    def of_writes(crashes):
        return [crash for crash in crashes if not RUN[crash[0] - 1].reads]

    tried = [crash for first in range(3) for crash in of_writes(chosen(stride=3, first=first))]
    assert sorted(tried) == sorted(of_writes(chosen()))


@pytest.fixture(params=["forks", "repeats"])
def settings(request):
    return {"forked": lambda: None} if request.param == "forks" else {}


def test_both_ways_try_the_same_number(settings):
    assert World().crashes(**settings).sweep() == len(chosen(equals=16))
    assert World().crashes(equals=1, **settings).sweep() == 3 * len(RUN)


def test_a_bad_end_is_reported_with_its_crash(settings):
    with pytest.raises(AssertionError, match=r"call 1 \(ListVolumes\): dies before"):
        World(forgets="volume.v3").crashes(**settings).sweep()


def test_a_run_that_fails_by_itself_is_no_sweep(settings):
    def broken(hand):
        hand(World(), READ)
        raise OutcomeUnknown("by itself", provider="world")

    with pytest.raises(OutcomeUnknown, match="by itself"):
        Crashes(lambda: None, broken, lambda: None, stride=1000, **settings).sweep()


def test_a_copy_that_cannot_begin_is_a_failure():
    def forked():
        raise OSError("no disk left")

    with pytest.raises(AssertionError, match="no disk left"):
        World().crashes(forked=forked).sweep()
