"""Resources of others in our networks, or bound to our firewalls and hosts: listed, and never deleted."""

import re

import pytest

from portinfra import workflow
from portinfra.errors import ApplyError
from portinfra.placement import place
from portinfra.policy import check
from portinfra.testing.conformance.bed import FOREIGN_KINDS
from portinfra.testing.conformance.stage import LOSE_DATA, Stage

_DELETES = re.compile("delete|terminate|undefine", re.IGNORECASE)


class ForeignResources:
    """One resource of others of each kind, beside our own."""

    @pytest.mark.parametrize("kind", FOREIGN_KINDS)
    def test_what_others_make_within_ours_is_listed_and_left_alone(self, stage: Stage, kind: str) -> None:
        if kind not in stage.bed.foreign_kinds:
            pytest.skip(f"this cloud has no {kind}")
        before, here = stage.bed.before, stage.environment
        stage.bring(before)
        id = stage.bed.place_foreign(kind)
        with stage.calls() as made:
            plan = workflow.find_foreign(workflow.plan(before, here, LOSE_DATA))
            seen = workflow.observe(before, here, foreign=True)
            destroy = workflow.destroy(before, here, LOSE_DATA)
        assert all(call.reads for call in made.made)
        for observation in (plan.observation, seen, destroy.observation):
            assert id in [each.id for each in observation.foreign or ()]
        for findings, rule in (
            (check(place(before, here), (), seen).findings, "check/foreign-resource"),
            (destroy.findings, "plan/foreign-resource"),
        ):
            assert any(finding.rule == rule and id in finding.message for finding in findings)
        # Only a firewall on our host is a difference: the host no longer has only its own rules.
        assert bool(plan.changes) == (kind == "firewall on our host")
        with stage.calls() as made:
            workflow.apply(plan, seed=0)
            assert not workflow.plan(before, here, LOSE_DATA).changes
            causes = [id]
            try:
                workflow.apply(workflow.destroy(before, here, LOSE_DATA), seed=0)
            except ApplyError as refused:  # the provider refuses to delete its container
                causes = [str(cause) for cause in refused.outcome.causes]
        deleted = [call for call in made.writes if _DELETES.search(call.action)]
        assert deleted
        assert any(id in cause for cause in causes)
        assert not [call for call in deleted if id in str(dict(call.parameters))]

    def test_nothing_of_ours_is_called_foreign(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        with stage.calls():
            assert workflow.observe(stage.bed.before, stage.environment, foreign=True).foreign == ()
