"""`dr report` and `dr verify` on files that are not as a drill wrote them."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.model.evidence import Evidence
from portinfra.recovery.evidence import evidence_document
from portinfra.rollout.evidence import sign, signing_key

AT = "2030-01-01T00:00:00+00:00"
DRILL = Evidence(
    kind="drill",
    id="70dbd95ea2",
    recovery="shop",
    topology="shop",
    source="production (fake:us-east-1)",
    target="recovery (fake:eu-west-1)",
    started=AT,
    ended=AT,
    rpo_target=60,
    rpo_measured=1.5,
    rto_target=60,
    rto_measured=30.0,
    result="inconclusive",
    simulated=True,
)
SIGNED = json.dumps(sign({"schema": "portinfra.drill/1", "result": "failed"}, Ed25519PrivateKey.generate()))


def run(*arguments):
    return CliRunner().invoke(app(Session("portinfra", arguments)), list(arguments))


@pytest.mark.parametrize("text", [b"", b"[]", b"nonsense", b"\xff\xfe", b'{"schema": "portinfra.drill/1"}'])
def test_what_is_no_evidence_is_refused_in_words(tmp_path, text):
    file = tmp_path / "evidence.json"
    file.write_bytes(text)
    result = run("dr", "report", str(file))
    assert result.exit_code != 0
    assert "this is no evidence" in result.stderr
    assert "Name the JSON file" in result.stderr
    assert "does not know" not in result.stderr
    assert not (tmp_path / "evidence.html").exists()


def test_a_field_written_in_twice_is_not_believed(tmp_path):
    file = tmp_path / "evidence.json"
    file.write_text(SIGNED)
    result = run("dr", "verify", str(file))
    assert (result.exit_code, result.stdout[:14]) == (1, "Unknown signer")
    assert json.loads(run("dr", "verify", str(file), "--json").stdout)["kind"] is None, "it is no evidence"
    file.write_text(SIGNED.replace('"result": "failed"', '"result": "passed", "result": "failed"'))
    result = run("dr", "verify", str(file))
    assert result.exit_code != 0
    assert "it has result twice" in result.stderr


@pytest.fixture
def signed(tmp_path, monkeypatch):
    """The file of evidence in an empty folder, and its signer."""
    monkeypatch.chdir(tmp_path)
    document = sign(evidence_document(DRILL), signing_key(tmp_path / "key.pem"))
    (tmp_path / "evidence.json").write_text(json.dumps(document))
    return tmp_path / "evidence.json", document["signed"]["public_key"]


def test_a_signer_is_unknown_unless_its_key_is_named(signed):
    file, signer = signed
    result = run("dr", "verify", str(file))
    assert result.exit_code == 1
    assert f"Unknown signer {signer}" in result.stdout
    assert "--key FILE.pub" in result.stdout
    assert run("dr", "verify", str(file), "--key", "key.pub").exit_code == 0
    signing_key(file.parent / "other.pem")
    result = run("dr", "verify", str(file), "--key", "other.pub")
    assert (result.exit_code, "another key" in result.stdout) == (1, True)


def test_an_inconclusive_drill_of_a_simulator_says_so_in_its_report(signed):
    file, _ = signed
    assert run("dr", "report", str(file)).exit_code == 0
    page = file.with_suffix(".html").read_text()
    assert "SIMULATED" in page
    assert "inconclusive" in page


def test_a_declaration_confirms_nothing_that_is_no_evidence(signed):
    file, _ = signed
    (file.parent / "shop.hcl").write_text('topology "shop" {}')
    document = {**evidence_document(DRILL), "started": "soon", "result": "passed"}
    file.write_text(json.dumps(sign(document, signing_key(file.parent / "key.pem"))))
    assert run("dr", "verify", str(file), "--key", "key.pub").exit_code == 0, "no declaration is asked"
    result = run("dr", "verify", str(file), "--key", "key.pub", "-f", "shop.hcl")
    assert (result.exit_code, "NOT CONFIRMED" in result.stdout) == (1, True), result.output


def test_several_files_are_verified_in_one_call(signed):
    file, _ = signed
    altered = file.with_name("altered.json")
    altered.write_text(file.read_text().replace("inconclusive", "passed"))
    files = (str(file), str(altered), "missing.json")
    result = run("dr", "verify", *files, "--key", "key.pub")
    assert result.exit_code == 1
    told = [line.partition(": ") for line in result.stdout.splitlines()]
    assert [name for name, _, _ in told] == list(files), "a file that is not good stops no other"
    assert [text.partition(" ")[0].strip(":") for _, _, text in told] == [
        "Signature",
        "ALTERED",
        "missing.json",
    ]
    document = json.loads(run("dr", "verify", *files, "--key", "key.pub", "--json").stdout)
    assert [each["good"] for each in document["verdicts"]] == [True, False, False]
    file.with_name("notes.json").write_text("no JSON")
    said = run("dr", "verify", str(file), str(file.with_name("notes.json")), "--key", "key.pub").stdout
    assert "(char 0)). Name the JSON file" in said, "a message and its advice are two sentences"
    assert run("dr", "verify", str(file), str(file), "--key", "key.pub").exit_code == 0
