"""What is asked about a host, and what people read when it is not ready."""

import json
import signal
import threading
import time

import pytest
from attrs import evolve
from rich.console import Console

from portinfra import Role, Topology, workflow
from portinfra.commands.apply_flow import end_line
from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl
from portinfra.errors import ApplyError, DeclarationError
from portinfra.execution import readiness
from portinfra.hooks.calls import Answer
from portinfra.model.fingerprint import fingerprint
from portinfra.model.sensitive import SensitiveText
from portinfra.planning.fingerprints import fingerprints
from portinfra.records import holder as holders
from portinfra.render.console.plan import show_plan
from portinfra.render.plan_report import rolling
from portinfra.testing.simulation import SOMEWHERE, simulate

SECRET = "password-of-the-database"
SCRIPT = f"#!/bin/sh\n{SECRET}\n"


@pytest.fixture(autouse=True)
def cloud():
    with simulate() as cloud:
        yield cloud


def plan_of(role):
    return workflow.plan(Topology("shop", [role]), SOMEWHERE)


def run(role, listen=None):
    return workflow.apply(plan_of(role), seed=0, listen=listen)


def failure(role):
    with pytest.raises(ApplyError) as failed:
        run(role)
    return failed.value.outcome.causes[0].error


def test_a_command_reads_one_host_in_the_inventory_of_hooks(tmp_path):
    run(Role("web", count=2, ready=f"cat $PORTINFRA_INVENTORY >> {tmp_path}/read"))
    text, decoder, hosts = (tmp_path / "read").read_text(), json.JSONDecoder(), []
    while text:
        inventory, end = decoder.raw_decode(text)
        text = text[end:]
        (host,) = inventory["hosts"]
        hosts.append((host["name"], host["role"], host["power"]))
        assert (inventory["occasion"], inventory["scope"]) == ("ready", "shop/test")
        assert host["id"]
        assert host["private_address"]
    assert sorted(hosts) == [("web1", "web", "running"), ("web2", "web", "running")]


def test_each_of_several_questions_has_to_be_answered():
    asked = []

    def first(inventory):
        asked.append("first")

    def second(inventory):
        asked.append("second")
        return asked.count("second") > 1

    run(Role("web", count=1, ready=[first, second]))
    assert asked == ["first", "second", "first", "second"]


def test_a_host_that_is_not_ready_ends_in_an_error_that_says_what_to_do():
    command = r"printf 'one\n\033[31mport 8443\007 is closed\n'; exit 3"
    error = failure(Role("web", count=1, ready=command, ready_limit="1m"))
    text = str(error)
    assert text.startswith("instance.web1 was not ready within 1m (checked 13 times in 1 min)")
    assert r"printf" in text
    assert "port 8443  is closed (exit code 3)" in text
    assert text.isprintable()
    assert "ready_limit" in error.fix
    assert "test_readiness.py:" in error.fix
    assert "run the same command again" in error.fix


@pytest.mark.parametrize("secret", [SCRIPT, SensitiveText(SCRIPT, frozenset({"password"}))])
def test_no_secret_of_the_host_is_shown(secret):
    def tell_all(inventory):
        raise ValueError(f"login failed with {SECRET}")

    error = failure(Role("web", count=1, ready=tell_all, user_data=secret, ready_limit="5s"))
    assert SECRET not in str(error)


@pytest.mark.parametrize(("pieces", "said"), [(60, "{}"), (60, "{} failed"), (20, "x" * 150 + "{}")])
def test_no_piece_of_a_long_secret_is_shown(pieces, said):
    long = "".join(f"secret-{number:03}" for number in range(pieces))

    def tell_all(inventory):
        print(said.format(long))
        return False

    error = failure(Role("web", count=1, ready=tell_all, user_data=f"#!/bin/sh\n{long}\n", ready_limit="5s"))
    assert "secret-0" not in str(error)


def test_a_limit_is_kept_to():
    asked = []

    def never(inventory):
        asked.append(inventory)
        return False

    for limit, times in (("20s", 5), ("5m", 61)):
        asked.clear()
        failure(Role("web", count=1, ready=never, ready_limit=limit))
        assert len(asked) == times


def test_hosts_that_were_asked_are_not_called_untried():
    role = Role("web", count=3, ready=lambda inventory: False, ready_limit="5s")
    with pytest.raises(ApplyError) as failed:
        run(role)
    (cause,) = failed.value.outcome.causes
    assert (len(cause.steps), cause.untried_count) == (3, 0)


def test_hosts_that_shall_not_run_or_are_not_selected_are_not_asked():
    asked = []
    web = Role("web", count=1, ready=lambda inventory: asked.append(inventory["hosts"][0]["name"]))
    shop = Topology("shop", [web, evolve(web, name="app")])
    options = workflow.PlanOptions(only="web")
    workflow.apply(workflow.plan(shop, SOMEWHERE, options), seed=0)
    assert asked == ["web1"]
    asked.clear()
    workflow.apply(workflow.destroy(shop, SOMEWHERE), seed=0)
    assert asked == []


def test_the_first_questions_are_announced_and_leave_half_of_the_workers(monkeypatch):
    under_way, most, lines = [], [], []

    def answer(hook, inventory, **more):
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.01)
        under_way.pop()
        return Answer(True)

    run(Role("web", count=6))
    monkeypatch.setattr(readiness, "call", answer)
    plan = plan_of(Role("web", count=6, size="large", ready="true"))
    workflow.apply(plan, workers=4, listen=lambda progress: lines.append(progress.message))
    assert lines[0] == "checking whether 6 hosts are ready, before the first change"
    assert max(most[:6]) <= 2


def test_threads_ask_too():
    role = Role("web", count=4, ready=[lambda inventory: print("up") or True, "true"])
    assert workflow.apply(plan_of(role)).succeeded


def test_all_questions_of_a_host_share_one_time(monkeypatch):
    given = []

    def call(hook, inventory, *, seconds, **more):
        given.append(seconds)
        time.sleep(0.01)
        return Answer(True)

    monkeypatch.setattr(readiness, "call", call)
    run(Role("web", count=1, ready=["one", "two", "three"], ready_limit="20s"))
    assert 20 >= given[0] > given[1] > given[2]


def test_a_question_without_time_is_not_asked(monkeypatch):
    monkeypatch.setattr(readiness, "QUESTION_SECONDS", 0)
    error = failure(Role("web", count=1, ready=["true", "true"], ready_limit="5s"))
    assert "took all the time" in str(error)


def test_a_command_that_is_not_here_ends_the_wait_at_once_and_the_error_names_the_folder(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    error = failure(Role("web", count=1, ready="./up 8443", ready_limit="5m"))
    assert str(error).startswith("instance.web1 cannot be checked: up is not here")
    assert str(tmp_path) in error.fix
    (tmp_path / "up").write_text("#!/bin/sh\n")
    assert "may not be run: chmod +x up" in str(failure(Role("web", count=1, ready="./up 8443")))
    (tmp_path / "up").chmod(0o755)
    assert run(Role("web", count=1, ready="./up 8443")).succeeded


def test_an_interrupt_ends_a_command_at_once(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pid = tmp_path / "pid"
    plan = plan_of(Role("web", count=1, ready=f"echo $$ > {pid}; kill -INT $PPID; exec sleep 50"))
    try:
        with pytest.raises(KeyboardInterrupt):
            workflow.apply(plan)
    finally:
        signal.signal(signal.SIGINT, before)
    assert holders.start_time(int(pid.read_text())) is None


def test_slow_questions_keep_no_other_step_from_beginning():
    begun, answers = threading.Event(), []
    slow = Role("web", count=9, ready=lambda inventory: answers.append(begun.wait(10)))

    def listen(progress):
        if progress.step is not None and progress.step.address == "instance.db1":
            begun.set()

    run(evolve(slow, ready=()))
    plan = workflow.plan(Topology("shop", [slow, Role("db", count=1)]), SOMEWHERE)
    assert workflow.apply(plan, listen=listen).succeeded
    assert answers == [True] * 9


def test_a_person_reads_that_hosts_wait_and_what_for():
    lines = []
    answers = iter([False, True])
    role = Role("web", count=1, ready=lambda inventory: next(answers))
    run(role, listen=lambda progress: lines.append((progress.step, progress.message)))
    assert (("ready", "instance.web1"), "not ready yet") in lines


def test_a_plan_says_what_the_next_host_waits_for():
    web = Role("web")
    assert rolling(web).endswith("The next waits until the last one runs: the role has no `ready`.")
    asked = evolve(web, ready="./up", ready_limit="2m", max_unavailable=2)
    assert rolling(asked) == (
        "Hosts of web go down 2 at a time. The next waits until the last ones are ready, "
        "for 2m at most: './up' says so."
    )


@pytest.mark.parametrize(("number", "are"), [(1, "check whether 1 host is ready"), (2, "2 hosts are ready")])
def test_a_plan_says_how_many_hosts_an_apply_asks_though_nothing_changes(number, are):
    def shown(plan):
        show_plan(plan, console := Console(record=True, width=100))
        return console.export_text()

    role = Role("web", count=number, ready="true")
    assert are in shown(plan_of(role))
    run(role)
    nothing = shown(plan_of(role))
    assert "Nothing to do" in nothing
    assert are in nothing
    assert "will check" not in shown(workflow.destroy(Topology("shop", [role]), SOMEWHERE))
    assert "will check" not in shown(plan_of(evolve(role, ready=())))


@pytest.mark.parametrize("ready", [(), "true"])
def test_after_a_rolling_change_a_person_reads_what_was_not_asked(ready):
    role = Role("web", ready=ready)
    run(role)
    plan = plan_of(evolve(role, size="large"))
    text = end_line(plan, workflow.apply(plan, seed=0))
    assert ("without `ready`" in text) == (not ready)


def test_a_function_is_not_written_to_hcl_and_has_one_digest():
    def declared():
        def is_up(inventory):
            return True

        return Topology("shop", [Role("web", ready=is_up)])

    with pytest.raises(DeclarationError, match="calls a Python function, which HCL cannot hold"):
        to_hcl(Declared((declared(),)))
    assert declared() != declared()  # two functions
    assert fingerprint(declared()) == fingerprint(declared())
    assert fingerprint(declared()) != fingerprint(Topology("shop", [Role("web")]))


def test_a_saved_plan_with_questions_is_applied():
    role = Role("web", ready="true")
    run(role)
    changed = plan_of(evolve(role, size="large"))
    again = plan_of(evolve(role, size="large"))
    assert fingerprints(changed) == fingerprints(again)
    assert workflow.apply(changed, seed=0).succeeded
