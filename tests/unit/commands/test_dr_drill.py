"""`dr drill` says why it failed, and its evidence can be kept and verified."""

import json
from datetime import datetime

import pytest
from sweeps import one_in_quick

from portinfra import Probe, Wave
from portinfra.execution.journal import home
from portinfra.render.console import terminal
from portinfra.rollout.evidence import sign, signing_key


def test_a_drill_without_points_says_how_to_make_one_and_prints_no_empty_table(run):
    drilled = run("dr", "drill")
    assert "wave   roles" not in drilled.stdout
    refused = run("dr", "drill", "--as-of", "2029-01-01T00:00Z")
    assert (refused.exit_code, "was not started" in refused.stderr) == (3, True)
    assert "Make one: `python shop.py dr replicate shop --now`" in refused.stderr
    assert "Name a later moment" not in refused.stderr
    run("dr", "replicate")
    later = run("dr", "drill", "--as-of", "2029-01-01T00:00Z")
    assert (later.exit_code, "Name a later moment" in later.stderr) == (3, True)


def test_a_drill_that_fails_ends_with_one_and_says_why_first(run):
    run("dr", "replicate")
    result = run("dr", "drill", about=run.plan(probes=[Probe("page", "echo 503; false")]))
    assert result.exit_code == 1
    simulated, title, why, *_ = result.stdout.strip().splitlines()
    assert simulated.startswith("SIMULATED")
    assert title.endswith("failed")
    assert why.strip() == "probe 'page' failed"


def test_a_drill_that_read_no_data_is_inconclusive_unless_the_plan_accepts_less(run):
    run("dr", "replicate")
    result = run("dr", "drill", about=run.plan(probes=[]))
    assert result.exit_code == 1
    assert " inconclusive\n  no probe has read the data of db\n" in result.stdout
    assert "Checked: db: hosts." in result.stdout
    page = Probe("page", "true")
    codes = {
        (accept, bool(probes)): run("dr", "drill", about=run.plan(accept=accept, probes=probes)).exit_code
        for accept in ("service", "hosts")
        for probes in ([], [page])
    }
    assert codes == {
        ("service", False): 1,
        ("service", True): 0,
        ("hosts", False): 0,
        ("hosts", True): 0,
    }


def test_what_a_check_said_stands_under_it(run):
    run("dr", "replicate")
    probe = Probe("six hosts", "echo wanted 6 hosts; echo saw 2; exit 3")
    told = run("dr", "drill", about=run.plan(probes=[probe])).stdout
    assert "\nsix hosts: failed\n  wanted 6 hosts\n  saw 2\n  exit code 3\n" in told
    closed = Wave(["db"], gates="echo starting up; false", limit="5s")
    told = run("dr", "drill", about=run.plan(waves=[closed, ["web"]])).stdout
    assert "\necho starting up; false: failed\n  starting up\n  exit code 1\n" in told


def test_what_a_function_prints_stands_in_no_document(run):
    run("dr", "replicate")
    chatty = run.plan(probes=[Probe("page", lambda inventory: print("asked"))])
    assert json.loads(run("dr", "drill", "--json", about=chatty).stdout)["probes"][0]["told"] == "asked"


def test_evidence_is_verified_and_what_was_altered_is_found(run, tmp_path):
    run("dr", "replicate")
    printed = json.loads(run("dr", "drill", "--json").stdout)
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(printed))
    key = ("--key", str(home() / "evidence-key.pub"))
    result = run("dr", "verify", str(file), *key)
    began = f"{datetime.fromisoformat(printed['started']):%Y-%m-%d %H:%M:%S} UTC"
    assert result.exit_code == 0
    assert result.stdout.startswith(
        f"Signature valid: drill {printed['id']} of shop, begun {began}, passed. Unchanged since it was"
    )
    assert run("dr", "report", str(file)).stdout.strip() == str(tmp_path / "evidence.html")
    file.write_text(json.dumps({**printed, "rto_measured": 1.0}))
    result = run("dr", "verify", str(file), *key)
    assert (result.exit_code, result.stdout.startswith("ALTERED")) == (1, True)
    result = run("dr", "report", str(file))
    assert (result.exit_code, "ALTERED" in result.stderr) == (1, True)
    assert "Do not trust it" in (tmp_path / "evidence.html").read_text()
    file.write_text("nonsense")
    assert run("dr", "verify", str(file), *key).exit_code == 1


def test_evidence_is_verified_against_the_key_that_it_was_signed_with(run, monkeypatch):
    run("dr", "replicate")
    monkeypatch.setattr(terminal, "WIDE", 30)  # as on a narrow terminal
    told = run("dr", "drill").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("Verify:")]
    assert line.endswith(f"--key {home() / 'evidence-key.pub'}")
    verified = run(*line.removeprefix("Verify:   python shop.py ").split())
    assert verified.exit_code == 0, "a command that is pasted is whole"
    as_json = run("dr", "drill", "--json")
    assert "Verify:" in as_json.stderr
    assert json.loads(as_json.stdout)["kind"] == "drill"
    assert (home() / "evidence-key.pub").is_file()


@pytest.mark.parametrize("spoil", ["key", "folder"])
def test_where_evidence_cannot_be_kept_nothing_is_begun(run, spoil):
    run("dr", "replicate")
    place = home() / {"key": "evidence-key.pem", "folder": "evidence"}[spoil]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    place.chmod(0o600)
    for arguments in (("dr", "drill"), ("dr", "failover", "--yes")):
        result = run(*arguments)
        assert result.exit_code == 1, result.output
        assert str(place) in result.stderr
    assert run("dr", "status").exit_code == 0
    assert json.loads(run("dr", "status", "--json").stdout)["drills_to_sweep"] == []


@pytest.fixture
def drilled(run):
    """The file of evidence of a drill, its document, and the plan that names its signer."""
    run("dr", "replicate")
    document = json.loads(run("dr", "drill", "--json").stdout)
    (file,) = (home() / "evidence").glob("*.json")
    return file, document, run.plan(signers=[document["signed"]["public_key"]])


def test_the_signers_of_the_plan_are_believed_and_the_ledger_confirms(run, drilled):
    file, _, plan = drilled
    result = run("dr", "verify", str(file), about=plan)
    assert (result.exit_code, result.stdout.endswith(" The ledger has the same.\n")) == (0, True)
    result = run("dr", "verify", str(file))
    assert (result.exit_code, result.stdout.startswith("Unknown signer")) == (1, True)


@pytest.mark.parametrize(
    "forgery", one_in_quick("forged", "renumbered", "without number", "re-signed", "renamed")
)
def test_forged_evidence_ends_with_one(run, drilled, forgery):
    file, document, plan = drilled
    key = signing_key(home() / ("another.pem" if forgery == "re-signed" else "evidence-key.pem"))
    change = {
        "forged": {"rto_measured": 1.0},
        "renumbered": {"number": 2},
        "without number": {"number": 0},
        "re-signed": {},
        "renamed": {"recovery": "another"},
    }[forgery]
    file.write_text(json.dumps(sign({**document, **change}, key)))
    result = run("dr", "verify", str(file), about=plan)
    assert result.exit_code == 1
    as_json = run("dr", "verify", str(file), "--json", about=plan)
    assert forgery == "renamed" or json.loads(as_json.stdout)["good"] is False


def test_drills_are_listed_by_number_and_a_changed_one_ends_with_one(run, drilled):
    file, document, plan = drilled
    result = run("dr", "drills", about=plan)
    assert result.exit_code == 0
    assert document["id"] in result.stdout
    assert file.name in result.stdout.replace("\n", "")
    file.write_text(json.dumps({**document, "result": "failed"}))
    result = run("dr", "drills", "--json", about=plan)
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)["runs"]
    assert (told["number"], told["result"], told["evidence"]) == (1, "passed", "differs")
    assert "DIFFERS from the ledger" in run("dr", "drills", about=plan).stdout


def test_where_there_was_no_drill_the_list_says_so(run):
    assert run("dr", "drills").stdout == "No drill yet.\n"
