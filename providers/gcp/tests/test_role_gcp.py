"""The role that the provider prints: enough for all that it does, and not a permission more."""

import pytest
from attrs import evolve

import portinfra
from emulator.conformance_bed import GcpBed
from emulator.rules import permissions
from portinfra import errors
from portinfra.execution.caller import Caller
from portinfra.model.resources import Snapshot
from portinfra.placement import place
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.conformance.stage import Stage
from portinfra_gcp import plugin
from portinfra_gcp.errors import of_answer, to_provider_error

READ_KEY = "cloudkms.cryptoKeys.get"
"""Asked of Cloud KMS, which the bed of Compute Engine does not ask for permissions of its own."""

ALLOWED = frozenset(plugin.iam_policy()["includedPermissions"])


@pytest.fixture
def bed(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with GcpBed(allowed=ALLOWED) as bed:
        yield bed
        assert bed.gce.violations == []
        assert bed.gce.gaps == []


@pytest.fixture
def needed(monkeypatch):
    """Every permission that was looked for."""
    found = set()
    look = permissions.needed

    def noted(call):
        for permission in look(call):
            if call.project.id not in permissions.PROJECTS:
                found.add(permission)
            yield permission

    monkeypatch.setattr(permissions, "needed", noted)
    return found


def lifecycle(bed):
    """All that can happen to an environment: made, changed, drifted by hand, mended, snapshotted, removed."""
    stage = Stage(bed)
    Stage(bed, evolve(bed.environment, zones=())).plan(bed.before)
    stage.bring(bed.before)
    drift(bed)
    stage.bring(bed.before)
    stage.bring(bed.after)
    with (
        wrap_calls("gcp", pass_through, clock=bed.clock),
        portinfra.connect(bed.environment, bed.before.name) as here,
    ):
        volume = next(seen for seen in here.list(portinfra.Volume) if seen.spec.gib == 3)
        attached = next(seen for seen in here.list(portinfra.Attachment))
        console = plugin.console_call(next(seen for seen in here.list(portinfra.Instance)))
        here.remove(attached.address)
        here.ensure(attached.spec)
        taken = here.ensure(Snapshot("today", volume.address))
        here.ensure(evolve(taken.spec, tags={"stage": "kept"}))
        again = here.ensure(evolve(volume.spec, name="again", source=taken.address))
        address = next(seen for seen in here.list(portinfra.PublicAddress))
        here.ensure(evolve(address.spec, tags={"stage": "tagged"}))
        for made in (again, taken):
            here.remove(made.address, allow_data_loss=True)
    with stage.provider() as provider:
        provider.perform(console)
        assert plugin.key_problem(provider.perform(plugin.key_call(bed.environment, bed.key))) == ""
    stage.remove(bed.after)
    assert stage.ground_truth() == []


def drift(bed):
    """What a person may do to what is ours, beyond what the lifecycle changes by itself."""
    there = bed.gce.projects[bed.environment.account]
    host = next(each for each in there.all("instances") if "-old1-" in each.name)
    zone = host.scope.partition("/")[2]
    tags = {"items": ["another"], "fingerprint": host.body["tags"]["fingerprint"]}
    bed.gce.act("instances.setTags", tags, zone=zone, instance=host.name)
    bed.gce.advance(60.0)
    bed.gce.act("instances.suspend", {}, zone=zone, instance=host.name)
    rule = {
        "name": "let-me-in",
        "network": host.body["networkInterfaces"][0]["network"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
    }
    bed.gce.act("firewalls.insert", rule)
    bed.gce.advance(60.0)
    Stage(bed).bring(bed.before)
    bed.gce.act("firewalls.delete", {}, firewall="let-me-in")
    bed.gce.advance(60.0)


def test_the_role_allows_what_a_lifecycle_asks_and_nothing_else(bed, needed):
    lifecycle(bed)
    asked_of_operations = {each for each in ALLOWED if "Operations.get" in each}
    assert needed - ALLOWED == set()
    assert ALLOWED - needed - asked_of_operations == {READ_KEY}


@pytest.mark.parametrize(
    "missing",
    ["compute.networks.create", "compute.instances.create", "compute.disks.use", "compute.networks.list"],
)
def test_without_a_permission_the_error_names_it(bed, missing):
    bed.gce.settings.allowed = ALLOWED - {missing}
    with pytest.raises((errors.ApplyError, errors.PermissionDenied)) as caught:
        Stage(bed).bring(bed.before)
    raised = caught.value
    steps = raised.outcome.steps if isinstance(raised, errors.ApplyError) else ()
    denied = [step.error for step in steps if step.error is not None] or [raised]
    assert all(isinstance(error, errors.PermissionDenied) for error in denied)
    assert all(f"Allow {missing}." in error.fix for error in denied)
    assert all("portinfra providers gcp --iam-policy" in error.fix for error in denied)


def test_the_role_is_the_document_that_gcloud_takes():
    role = plugin.iam_policy()
    assert set(role) == {"title", "description", "stage", "includedPermissions"}
    assert sorted(ALLOWED) == role["includedPermissions"]
    assert all(each.startswith("compute.") and each.count(".") == 2 for each in ALLOWED - {READ_KEY})


def test_the_role_has_all_permissions_that_a_takeover_needs_and_may_read_them(bed):
    assert denied(bed) == []
    for permission in ("compute.instances.create", "compute.snapshots.useReadOnly"):
        bed.gce.configure(allowed=ALLOWED - {permission})
        assert denied(bed) == [permission]
        assert not plugin.is_sure_to_be_needed(permission), "it may be granted on single resources"


def denied(bed):
    (call,) = plugin.permission_calls(place(bed.before, bed.environment), None, {})
    with Stage(bed).provider() as provider:
        return list(plugin.denied_actions(call, provider.perform(call)))


def test_without_the_permission_to_read_keys_the_error_names_it(bed):
    bed.gce.configure(allowed=ALLOWED - {READ_KEY})
    call = plugin.key_call(bed.environment, bed.key)
    with Stage(bed).provider() as provider, pytest.raises(errors.PermissionDenied) as caught:
        Caller(provider).with_retries(call)
    assert READ_KEY in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"purpose": "ASYMMETRIC_SIGN"}, "its purpose is ASYMMETRIC_SIGN, not symmetric encryption"),
        ({"purpose": "ENCRYPT_DECRYPT"}, "it has no primary version"),
        (
            {"purpose": "ENCRYPT_DECRYPT", "primary": {"state": "DESTROY_SCHEDULED"}},
            "the state of its primary version is DESTROY_SCHEDULED",
        ),
    ],
)
def test_a_key_that_encrypts_no_disk_says_why(answer, problem):
    assert plugin.key_problem(answer) == problem


def test_a_service_that_is_not_switched_on_is_named():
    error = of_answer(
        403,
        {"error": {"message": "off", "status": "X", "details": [{"reason": "SERVICE_DISABLED"}]}},
        "cryptoKeys.get",
    )
    assert to_provider_error(error).fix == "Enable the API: gcloud services enable cloudkms.googleapis.com"
