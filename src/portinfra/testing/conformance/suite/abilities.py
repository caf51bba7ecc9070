"""The capabilities of a provider: it can do what it claims, and core refuses the rest without a call."""

import pytest
from attrs import evolve

from portinfra import workflow
from portinfra.cloud import connect
from portinfra.errors import (
    ApplyError,
    NoCapacity,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PolicyError,
    ProviderError,
    QuotaExceeded,
    ValidationError,
)
from portinfra.execution.caller import Caller
from portinfra.execution.connection import Connection
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.resources import Attachment, Instance, Snapshot, Volume
from portinfra.model.topology import Role, Topology
from portinfra.provider import registry
from portinfra.provider.interface import Refs
from portinfra.testing.conformance.stage import LOSE_DATA, Stage

CANARY = "canary-7c21f0"


class Abilities:
    """Tests of claimed and of excluded abilities."""

    def test_the_catalogue_has_every_size_and_image_that_the_plugin_promises(self, stage: Stage) -> None:
        plugin = registry.plugin(stage.environment.provider)
        with stage.calls(), Connection.to(stage.environment) as place:
            catalogue = place.catalogue()
        assert set(stage.environment.zones) <= {zone.name for zone in catalogue.zones}
        for size, native in plugin.sizes.items():
            assert catalogue.machine_type(size) == native
            there = native in catalogue.machine_types
            assert there == (size not in stage.bed.too_large), f"{size}: {native} is there: {there}"
            assert not there or catalogue.machine_types[native].zones
        topologies = (stage.bed.before, stage.bed.after)
        images = {role.image for topology in topologies for role in topology.roles}
        assert images <= set(plugin.images), "the suite's topologies need these logical images"
        assert set(plugin.images) <= set(catalogue.images)
        assert catalogue.account == stage.environment.account

    def test_credentials_of_another_account_are_refused(self, stage: Stage) -> None:
        elsewhere = evolve(stage.environment, account="999999999999")
        credentials = {**elsewhere.credentials, "account": stage.environment.account}
        with stage.calls(), pytest.raises(PermissionDenied):
            workflow.plan(stage.bed.before, evolve(elsewhere, credentials=credentials))

    def test_limits_are_held_before_any_call(self, stage: Stage) -> None:
        limits = self._capabilities(stage)
        too_much = {
            "user_data": Role("web", user_data="#!" + "x" * limits.user_data_max_bytes),
            "small": Role("web", volumes=[Volume("data", gib=limits.volume_min_gib - 1)]),
            "large": Role("web", volumes=[Volume("data", gib=limits.volume_max_gib + 1)]),
            "tags": Role("web", tags={f"tag-{n}": "x" for n in range(limits.tags_max + 1)}),
        }
        if not limits.public_addresses:
            too_much["public"] = Role("web", public="customers")
        for name, role in too_much.items():
            self._is_held(stage, name, Topology("sample", [role]))

    def test_networks_and_tags_that_cannot_be_had_are_refused_before_any_call(self, stage: Stage) -> None:
        limits = self._capabilities(stage)
        plain = Topology("sample", [Role("web")])
        refused = {
            cidr: evolve(stage.environment, cidr=cidr, subnet_prefix=28) for cidr in limits.cidrs_reserved
        }
        if limits.network_prefix_min:
            cidr = f"10.0.0.0/{limits.network_prefix_min - 1}"
            refused["a large network"] = evolve(stage.environment, cidr=cidr)
        tags = {f"{reserved}x": "x" for reserved in limits.tags_reserved}
        if limits.tag_key_max is not None:
            tags["k" * (limits.tag_key_max + 1)] = "x"
        if limits.tag_value_max is not None:
            tags["value"] = "x" * (limits.tag_value_max + 1)
        refused |= {key: evolve(stage.environment, tags={key: value}) for key, value in tags.items()}
        for name, environment in refused.items():
            self._is_held(stage, name, plain, environment)

    def _is_held(
        self, stage: Stage, name: str, topology: Topology, environment: Environment | None = None
    ) -> None:
        with stage.calls() as record, pytest.raises(ValidationError):
            workflow.check(topology, environment or stage.environment)
        assert record.made == [], f"{name} was asked of the provider"

    def test_what_grows_or_is_resized_in_place_does_so_if_it_can(self, stage: Stage) -> None:
        limits = self._capabilities(stage)
        with stage.provider() as provider:
            assert ("gib" in provider.drivers[Volume].replaces) != limits.grow_volumes
            assert ("machine_type" in provider.drivers[Instance].replaces) != limits.resize_instances

    def test_a_snapshot_is_made_and_a_volume_is_made_from_it_if_it_can(self, stage: Stage) -> None:
        if not self._capabilities(stage).snapshots:
            with stage.provider() as provider:
                assert Snapshot not in provider.drivers
            return
        with stage.calls(), connect(stage.environment, "kit") as cloud:
            zone = stage.environment.zones[0]
            data = cloud.ensure(Volume("data", gib=1, zone=zone))
            taken = cloud.ensure(Snapshot("data-1", data.address))
            (listed,) = cloud.list(Snapshot)
            assert listed.spec.size_gib == self._size_shown(stage, 1)
            copy = cloud.ensure(Volume("copy", gib=1, zone=zone, source=taken.address))
            assert copy.state == "ready"
            for found in (copy, taken, data):
                cloud.remove(found.address, allow_data_loss=True)
        assert stage.ground_truth() == []

    def test_a_snapshot_is_copied_to_another_region_under_another_key_if_it_can(self, stage: Stage) -> None:
        if not self._capabilities(stage).snapshot_copy:
            with stage.calls() as record, connect(stage.environment, "kit") as cloud:
                with pytest.raises(ValidationError):
                    cloud.ensure(Snapshot("copy", copy_of="elsewhere/snapshot"))
                assert record.writes == []
            return
        elsewhere = stage.bed.elsewhere
        if elsewhere is None:
            pytest.skip("this bed has one region")
        with stage.calls(), connect(stage.environment, "kit") as here, connect(elsewhere, "kit") as there:
            data = here.ensure(Volume("data", gib=1, zone=stage.environment.zones[0]))
            taken = here.ensure(Snapshot("data-1", data.address))
            wanted = Snapshot("data-1", copy_of=f"{stage.environment.region}/{taken.id}", key=stage.bed.key)
            copy = there.ensure(wanted)
            assert (copy.state, copy.spec) == ("ready", wanted)
            (listed,) = there.list(Snapshot)
            assert listed.spec.size_gib == self._size_shown(stage, 1)
            here.remove(taken.address, allow_data_loss=True)
            restored = there.ensure(Volume("back", gib=1, zone=elsewhere.zones[0], source=copy.address))
            assert restored.state == "ready"
            for found in (restored, copy):
                there.remove(found.address, allow_data_loss=True)
            here.remove(data.address, allow_data_loss=True)
        assert stage.ground_truth() == []

    def test_a_host_is_given_its_user_data_and_the_keys_that_may_log_in(self, stage: Stage) -> None:
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada"
        role = Role("web", count=1, user_data=f"#!/bin/sh\necho {CANARY}\n", ssh_keys=[key])
        stage.bring(Topology("sample", [role]))
        given = stage.bed.user_data("web1")
        assert f"echo {CANARY}" in given, f"Bed.user_data returns nothing of the user data: {given}"
        assert key in given, f"Bed.user_data must also return the SSH keys that the host got: {given}"

    def test_protection_is_read_back_where_it_can_be_kept(self, stage: Stage) -> None:
        protected = Topology(
            "sample", [evolve(role, deletion_protection=True) for role in stage.bed.before.roles]
        )
        stage.bring(protected)
        assert stage.plan(protected).empty
        with stage.provider() as provider:
            kept = {kind for kind, d in provider.drivers.items() if "protect" not in d.cannot_show}
        seen = stage.observe(protected).resources.values()
        specs = [each.spec for each in seen if type(each.spec) in kept]
        assert all(spec.protect for spec in specs if isinstance(spec, Instance | Volume))
        with pytest.raises(PolicyError, match="protected"):
            stage.remove(protected)
        stage.bring(stage.bed.before)
        stage.remove(stage.bed.before)
        assert stage.ground_truth() == []

    def test_what_cannot_change_in_place_is_said_to_be_so(self, stage: Stage) -> None:
        """A wrong claim would let a plan promise what no call can do."""
        stage.bring(stage.bed.before)
        larger = [evolve(role, disk_gib=role.disk_gib + 5) for role in stage.bed.before.roles]
        changed = evolve(stage.bed.before, roles=larger)
        stage.bring(changed)
        assert stage.plan(changed).empty

    def test_a_quota_is_named_in_the_plan_or_by_the_call_that_met_it(self, stage: Stage) -> None:
        stage.bed.set_quota(stage.bed.limited, 1)
        plan = stage.plan(stage.bed.before)
        with stage.calls(), Connection.to(stage.environment) as place:
            quotas = place.catalogue().quotas
        if any(quota.kind == stage.bed.limited for quota in quotas):
            assert [finding.rule for finding in plan.errors] == ["plan/quota"]
            with stage.calls(), pytest.raises(PolicyError):
                workflow.apply(plan)
            assert stage.ground_truth() == []
        else:
            with stage.calls(), pytest.raises(ApplyError) as caught:
                workflow.apply(plan, seed=0)
            failed = [step for step in caught.value.outcome.steps if step.fate == "failed"]
            assert failed
            assert all(isinstance(step.error, QuotaExceeded) for step in failed), failed

    def test_a_zone_with_nothing_left_to_give_is_no_capacity(self, stage: Stage) -> None:
        stage.bed.exhaust(stage.environment.zones[0])
        failed = self._errors(stage, "exhaust must let a zone have no machine left")
        assert all(isinstance(error, NoCapacity) for error in failed), failed

    def test_what_fails_after_it_was_accepted_names_the_class_of_its_error(self, stage: Stage) -> None:
        plan = stage.plan(stage.bed.before)
        count = 2 * sum(address.kind == "instance" for address in plan.wanted)
        for _ in range(count):
            stage.bed.fail_next_host()
        faults = self._errors(
            stage, f"fail_next_host was called {count} times: each call must let one more host fail"
        )
        for fault in faults:
            assert "accepted and then failed" in str(fault)
            assert type(fault) in ProviderError.__subclasses__(), f"{type(fault)} says no reaction"

    def test_a_deleted_resource_is_not_found_and_an_unknown_error_is_an_unknown_outcome(
        self, stage: Stage
    ) -> None:
        stage.bring(stage.bed.before)
        with stage.provider() as provider:
            scope = stage.plan(stage.bed.before).scope
            there = stage.look(provider, scope).resources
            detach = next(seen for seen in there.values() if isinstance(seen.spec, Attachment))
            driver = provider.drivers[Attachment]
            call = driver.next_call(None, detach, Refs(scope, "attempt-1", there))
            stage.remove(stage.bed.before)
            with pytest.raises(NotFound):
                Caller(provider).once(call)  # type: ignore[arg-type]
            assert isinstance(provider.classify(RuntimeError("who knows")), OutcomeUnknown)

    def test_a_secret_is_in_no_value_that_is_shown(self, stage: Stage) -> None:
        secretive = Topology(
            stage.bed.before.name,
            [evolve(role, user_data=f"#!/bin/sh\necho {CANARY}\n") for role in stage.bed.before.roles],
            stage.bed.before.flows,
        )
        plan = stage.plan(secretive)
        with stage.calls() as record:
            outcome = workflow.apply(plan, seed=0)
        results = [plan, outcome, record.made, stage.observe(secretive), stage.plan(secretive, LOSE_DATA)]
        assert not any(CANARY in repr(value) for value in results)

    def _errors(self, stage: Stage, expected: str) -> list[Exception | None]:
        """Apply `before`, which fails. Return the errors of the failed steps."""
        try:
            stage.bring(stage.bed.before)
        except ApplyError as error:
            return [step.error for step in error.outcome.steps if step.fate == "failed"]
        raise AssertionError(f"every step succeeded, and some had to fail: {expected}")

    def _size_shown(self, stage: Stage, gib: int) -> int | None:
        """Return the size that a snapshot must show; None if its driver cannot show it."""
        with stage.provider() as provider:
            return None if "size_gib" in provider.drivers[Snapshot].cannot_show else gib

    def _capabilities(self, stage: Stage) -> Capabilities:
        return registry.plugin(stage.environment.provider).capabilities
