"""Law 2: same arguments, same call. Asks the drivers all that three plans ask."""

from collections.abc import Iterator

from portinfra import workflow
from portinfra.testing.conformance.questions import Question, questions
from portinfra.testing.conformance.stage import LOSE_DATA, Stage


class SameAnswers:
    """Each question of the way from nothing to `before`, to `after`, and to nothing."""

    def test_a_driver_that_is_asked_twice_returns_the_same_call(self, stage: Stage) -> None:
        """No chance, no clock, no counter: a second run must know the call of the first."""
        for question in _all_questions(stage):
            first, second = question.answer(), question.answer()
            assert first == second, f"{question.describe(first)}\nand then {question.describe(second)}"

    def test_equal_arguments_in_another_order_get_the_same_call(self, stage: Stage) -> None:
        """A driver iterates over what is sorted: tags and parts of an equal value come in any order."""
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
