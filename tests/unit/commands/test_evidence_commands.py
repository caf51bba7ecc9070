"""`dr report` and `dr verify` on files that are not as a drill wrote them."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.rollout.evidence import sign

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
    assert (result.exit_code, result.stdout[:19]) == (0, "Good: it is as it w")
    assert json.loads(run("dr", "verify", str(file), "--json").stdout)["kind"] is None, "it is no evidence"
    file.write_text(SIGNED.replace('"result": "failed"', '"result": "passed", "result": "failed"'))
    result = run("dr", "verify", str(file))
    assert result.exit_code != 0
    assert "result is there twice" in result.stderr
