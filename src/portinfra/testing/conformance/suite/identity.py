"""The owner of a resource: portinfra finds its own resources, and never changes those of others."""

from contextlib import suppress

from attrs import evolve

from portinfra.errors import PortinfraError
from portinfra.model.address import Address
from portinfra.model.resources import Instance, Spec
from portinfra.model.topology import Topology
from portinfra.planning.creation import RULE as BORN_OTHERWISE
from portinfra.testing.conformance.stage import Stage


class Identity:
    """Owners, scopes and resources of others."""

    def test_every_write_says_which_resource_it_is_for_and_no_read_does(self, stage: Stage) -> None:
        with stage.calls() as record:
            stage.bring(stage.bed.before)
            stage.remove(stage.bed.before)
        assert {call.address.partition(".")[0] for call in record.writes if call.address} <= {
            spec.kind for spec in _kinds(stage)
        }
        with stage.calls() as reads:
            stage.plan(stage.bed.before)
            stage.observe(stage.bed.before)
        assert all(call.reads and call.after is None for call in reads.made)

    def test_two_topologies_in_one_account_do_not_see_each_other(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        alone = stage.ground_truth()
        other = Topology("another", stage.bed.before.roles, stage.bed.before.flows)
        beside = Stage(stage.bed, evolve(stage.environment, cidr="10.99.0.0/16"))
        beside.bring(other)
        assert stage.plan(stage.bed.before).changes == ()
        assert beside.plan(other).changes == ()
        beside.remove(other)
        assert stage.ground_truth() == alone
        assert stage.plan(stage.bed.before).changes == ()

    def test_a_host_keeps_what_it_was_born_with_for_as_long_as_it_exists(self, stage: Stage) -> None:
        before = stage.bed.before
        stage.bring(before)
        born = _births(stage, before)
        with stage.provider() as provider:
            keeps = "birth" not in provider.drivers[Instance].cannot_show
        wrong = [str(address) for address, text in born.items() if bool(text) != keeps]
        must = "must return the stored `birth`" if keeps else "must return no `birth`: it is in cannot_show"
        assert not wrong, f"the driver of Instance {must}: {', '.join(wrong)}"
        assert len(set(born.values())) == (len(born) if keeps else 1)
        roles = [evolve(role, tags={"stage": "born"}, user_data="#!/bin/sh\n") for role in before.roles]
        changed = Topology(before.name, roles, before.flows)
        notes = [finding.rule for finding in stage.plan(changed).findings if finding.rule == BORN_OTHERWISE]
        assert notes == ([BORN_OTHERWISE] if keeps else [])
        stage.bring(changed)
        assert _births(stage, changed) == born

    def test_a_copied_owner_is_no_licence_to_delete(self, stage: Stage) -> None:
        stage.bring(stage.bed.before)
        ours = stage.ground_truth()
        stage.bed.copy_owner()
        copies = set(stage.ground_truth()) - set(ours)
        assert copies
        assert stage.plan(stage.bed.before).summary() == {"create": 0, "update": 0, "replace": 0, "delete": 0}
        with suppress(PortinfraError):
            stage.remove(stage.bed.before)
        assert copies <= set(stage.ground_truth())

    def test_what_is_not_ours_is_neither_seen_nor_touched(self, stage: Stage) -> None:
        stage.bed.make_foreign()
        foreign = stage.ground_truth()
        assert foreign != []
        assert stage.observe(stage.bed.before).resources == {}
        stage.bring(stage.bed.before)
        stage.remove(stage.bed.before)
        assert stage.ground_truth() == foreign


def _births(stage: Stage, topology: Topology) -> dict[Address, str]:
    return {a: seen.spec.birth for a, seen in stage.observe(topology).of(Instance).items()}


def _kinds(stage: Stage) -> list[type[Spec]]:
    with stage.provider() as provider:
        return list(provider.drivers)
