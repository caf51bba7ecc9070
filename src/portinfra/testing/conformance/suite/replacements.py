"""Replacements: a resource goes with those that depend on it (`Driver.holds`), and all others are bound
again.
"""

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.errors import ApplyError
from portinfra.model.address import Address
from portinfra.testing.conformance.stage import LOSE_DATA, Stage


class Replacements:
    """One resource of each kind that others refer to, replaced alone."""

    @pytest.mark.parametrize("kind", ["volume", "instance", "firewall", "subnet", "network"])
    def test_what_refers_to_a_replaced_resource_is_replaced_with_it_or_bound_again(
        self, stage: Stage, kind: str
    ) -> None:
        stage.bring(stage.bed.before)
        books = stage.ground_truth()
        address = self._one(stage, kind)
        options = evolve(LOSE_DATA, replace=frozenset({address}))
        with stage.calls():
            plan = workflow.plan(stage.bed.before, stage.environment, options)
            try:
                workflow.apply(plan, seed=0)
            except ApplyError as error:
                others = ", ".join(sorted({change.address.kind for change in plan.changes} - {kind}))
                raise AssertionError(
                    f"{address} cannot be replaced. The plan changes {others or 'nothing else'} with it: "
                    f"does `holds` of each driver name every reference that cannot be bound again? {error}"
                ) from error
        again = stage.plan(stage.bed.before)
        assert again.changes == (), f"after the replacement of {address} the plan still has changes"
        assert stage.ground_truth() == books

    def _one(self, stage: Stage, kind: str) -> Address:
        """Return the resource of a kind with the most references. Of equals, the first by name."""
        resources = stage.observe(stage.bed.before).resources
        named = [address for seen in resources.values() for address in seen.spec.references()]
        return max(
            (a for a in resources if a.kind == kind), key=lambda address: (named.count(address), address)
        )
