"""What a command says is so: sentences that say that all is well, with what they must not hide."""

import json

import pytest
from attrs import evolve

from portinfra import Volume
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.model.address import Scope
from portinfra.testing.faults import Faults, inject_faults


def test_volumes_that_are_kept_are_an_exception_and_no_difference(applied):
    smaller = applied.changing("db", volumes=[Volume("data", gib=5)])
    planned, status = smaller.run("plan", "--detailed-exitcode"), smaller.run("status")
    assert (planned.exit_code, status.exit_code) == (0, 0)
    exception = "except 1 volume, which differs, kept for the data it holds."
    assert f"shop/demo is as declared, {exception}" in planned.stdout
    assert f"Nothing differs from the declaration, {exception}" in status.stdout
    larger = applied.changing("db", volumes=[Volume("data", gib=5)], size="large").run("plan")
    assert "1 kept for the data it holds." in larger.stdout


@pytest.mark.parametrize(
    ("volumes", "reason", "way"),
    [
        ([Volume("data", gib=5)], "a volume cannot shrink in place, and to replace it", "replace"),
        ([], "it is not declared, and to delete it", "delete"),
        ([Volume("data", gib=5), Volume("log", gib=10)], "and to replace it", "replace"),
    ],
    ids=["smaller", "not declared", "smaller beside a new one"],
)
def test_a_plan_says_whether_it_would_delete_or_replace_what_it_keeps(applied, volumes, reason, way):
    planned = " ".join(applied.changing("db", volumes=volumes).run("plan").stdout.split())
    assert f"{reason} would lose its data" in planned
    assert f"To {way} what is kept and lose its data: --allow-data-loss ADDRESS" in planned


def test_a_plan_of_some_roles_speaks_of_these_roles_only(applied):
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    assert "Nothing to do: db of shop/demo is as declared." in applied.run("plan", "--only", "db").stdout


def test_what_hosts_were_born_with_is_an_exception(applied):
    changed = applied.changing("web", user_data="#!/bin/sh\necho other\n")
    result = changed.run("plan", "--detailed-exitcode")
    assert result.exit_code == 0
    assert "as declared, except the creation settings of hosts." in result.stdout
    assert "2 hosts were created with other user data (web1, web2)" in result.stdout
    assert "echo other" not in result.stdout
    status = changed.run("status")
    assert status.exit_code == 0
    assert "Nothing differs from the declaration, except the creation settings of hosts." in status.stdout


def test_an_apply_that_replaces_them_ends_the_exception(applied):
    changed = applied.changing("web", user_data="#!/bin/sh\necho other\n")
    replacing = ("--replace", "instance.web1", "--replace", "instance.web2")
    assert "Verified: shop/demo matches the declaration." in changed.run("apply", "--yes", *replacing).stdout
    assert "shop/demo is as declared." in changed.run("plan").stdout


def test_zones_that_are_reordered_are_a_warning_with_the_hosts(applied):
    zones = ("us-east-1b", "us-east-1a", "us-east-1c")
    declared = applied.declared
    moved = evolve(declared, environments=(evolve(declared.environments[0], zones=zones),))
    result = evolve(applied, declared=moved).run("plan")
    assert "except the zones of 3 hosts" in result.stdout
    assert "web1 in us-east-1a, web2 in us-east-1b, db1 in us-east-1a" in result.stdout
    assert 'zones=["us-east-1a", "us-east-1b", "us-east-1c"]' in result.stdout


def test_a_plan_of_some_roles_counts_the_hosts_of_these_roles_in_other_zones(applied):
    zones = ("us-east-1b", "us-east-1a", "us-east-1c")
    declared = applied.declared
    moved = evolve(declared, environments=(evolve(declared.environments[0], zones=zones),))
    result = evolve(applied, declared=moved).run("plan", "--only", "db")
    assert "db of shop/demo is as declared, except the zones of 1 host." in " ".join(result.stdout.split())


def test_a_zone_that_does_not_exist_is_an_error_though_nothing_is_to_be_created(applied):
    zones = ("us-east-1a", "us-east-9z", "us-east-1c")
    declared = applied.declared
    moved = evolve(declared, environments=(evolve(declared.environments[0], zones=zones),))
    result = evolve(applied, declared=moved).run("plan")
    text = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "us-east-1 has no zone 'us-east-9z', and 1 host is in other zones: " in text
    assert "web2 in us-east-1b Write the zones in the order in which they are used: " in text
    assert 'zones=["us-east-1a", "us-east-1b", "us-east-1c"]' in text
    assert "Did you mean" not in text
    assert "destroy" not in text


def test_a_zone_that_does_not_exist_is_an_error_though_no_host_is_declared_in_it(applied):
    zones = ("us-east-1a", "us-east-1b", "us-east-1x")
    declared = applied.declared
    moved = evolve(declared, environments=(evolve(declared.environments[0], zones=zones),))
    result = evolve(applied, declared=moved).run("plan")
    assert result.exit_code == 1
    assert "us-east-1 has no zone 'us-east-1x'" in result.stdout


def test_a_step_that_changed_something_and_failed_is_half_done(applied):
    larger = applied.changing("web", size="medium")
    applied.cloud.fail_later("ResizeInstance", "AccessDenied", "not you", 1000)
    result = larger.run("apply", "--yes")
    assert result.exit_code == 1
    assert "half done" in result.stderr


def test_a_host_that_runs_behind_a_fence_because_its_deletion_waits_is_an_exception(applied):
    environment = applied.declared.environments[0]
    with Connection.to(environment) as here, here.start_run(Scope("shop", "demo"), RunOptions(seed=0)) as run:
        run.record_fence(epoch=1_900_000_000, fenced=True)
    applied.cloud.clock.sleep_until(applied.cloud.clock.now() + 60)
    applied.cloud.unreachable.add("us-east-1b")  # web2 is there, and web1 is not
    result = applied.changing("web", count=0).run("plan", "--only", "web")
    text = " ".join(result.stdout.split())
    assert "its hosts are off, except" in text
    assert "1 host that still runs (web1)" in text


def test_an_error_that_ends_a_run_does_not_say_that_the_run_goes_on(applied):
    with inject_faults("fake", Faults(unavailable=1.0)):
        result = applied.run("status")
    assert result.exit_code == 1
    assert "by itself" not in result.stderr
    assert "run the same command again" in result.stderr


def test_every_plan_names_the_account_that_it_changes(applied):
    declared = applied.declared
    bare = evolve(declared, environments=(evolve(declared.environments[0], account=""),))
    assert "account 000000000000" in evolve(applied, declared=bare).run("plan").stdout


def test_a_zone_that_does_not_exist_is_named_once(world):
    zones = ("us-east-1a", "us-east-1x", "us-east-1b")
    declared = world.declared
    moved = evolve(declared, environments=(evolve(declared.environments[0], zones=zones),))
    findings = json.loads(evolve(world, declared=moved).run("plan", "--json").stdout)["findings"]
    about = [each["severity"] for each in findings if "us-east-1x" in each["message"]]
    assert about == ["error"], "the warning about a zone that nothing new needs would follow from it"


@pytest.mark.parametrize(("command", "sentence"), [("plan", "is as declared"), ("status", "Nothing differs")])
def test_differences_that_a_role_ignores_are_an_exception(applied, command, sentence):
    ignoring = applied.changing("web", ignore=["power"])
    assert "ignores" not in ignoring.run(command).stdout
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    text = " ".join(ignoring.run(command).stdout.split())
    assert sentence in text
    assert "except differences that web ignores." in text
    assert "role.web.ignore: it ignores what differs: power of instance.web2" in text


def test_differences_that_other_roles_ignore_are_none_of_a_plan_of_some_roles(applied):
    ignoring = applied.changing("web", ignore=["power"])
    applied.by_hand("StopInstance", id=applied.id("instance", "web2"))
    assert "ignores" not in ignoring.run("plan", "--only", "db").stdout


def test_a_refused_apply_names_silent_zones_and_their_options_once(applied):
    applied.cloud.unreachable.add("us-east-1a")
    applied.cloud.unreachable.add("us-east-1b")
    refused = applied.run("apply", "--yes")
    text = refused.stdout + refused.stderr
    assert refused.exit_code == 3
    assert text.count("us-east-1a, us-east-1b do not answer") == 1
    assert "--without-zone us-east-1a --without-zone us-east-1b." in text
    assert "resources in us-east-1a, us-east-1b, which were not read, and those that wait for them" in text


def test_findings_that_differ_in_their_subject_only_are_one(applied):
    protected = applied.changing("web", deletion_protection=True)
    assert protected.run("apply", "--yes").exit_code == 0
    removed = protected.run("apply", "--yes", "--replace", "instance.web1", "--replace", "instance.web2")
    text = removed.stdout + removed.stderr
    assert removed.exit_code == 3
    assert text.count("it is protected") == 1
    assert "instance.web1, instance.web2: it is protected" in text
