"""Law 2: same arguments, same call. The tests repeat all driver calls of three plans."""

from collections.abc import Iterator

from portinfra import workflow
from portinfra.testing.conformance.questions import Question, questions
from portinfra.testing.conformance.stage import LOSE_DATA, Stage


class SameAnswers:
    """Each driver call on the way from nothing to `before`, to `after`, and to nothing."""

    def test_a_driver_that_is_asked_twice_returns_the_same_call(self, stage: Stage) -> None:
        """A driver uses no chance, clock or counter: a second run must make the same call."""
        for question in _all_questions(stage):
            first, second = question.answer(), question.answer()
            assert first == second, f"{question.describe(first)}\nand then {question.describe(second)}"

    def test_equal_arguments_in_another_order_get_the_same_call(self, stage: Stage) -> None:
        """A driver sorts what it iterates over: equal tags and parts have any order."""
        for question in _all_questions(stage):
            first, second = question.answer(), question.reorder().answer()
            assert first == second, f"{question.describe(first)}\nand then {question.describe(second)}"


def _all_questions(stage: Stage) -> Iterator[Question]:
    with stage.provider() as provider:
        drivers = dict(provider.drivers)
    yield from questions(stage.plan(stage.bed.before), drivers)
    stage.bring(stage.bed.before)
    yield from questions(stage.plan(stage.bed.after), drivers)
    with stage.calls():
        yield from questions(workflow.destroy(stage.bed.before, stage.environment, LOSE_DATA), drivers)
