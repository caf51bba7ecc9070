"""The program prints, for the example, documents that fit their schemas; a saved plan is applied."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from json_schema import document_errors

EXAMPLE = Path(__file__).parents[2] / "examples" / "payments.hcl"
PORTINFRA = str(Path(sys.executable).with_name("portinfra"))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Calls the program for the example on the built-in cloud. Returns the exit code and its output."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORTINFRA_HOME", "PORTINFRA_FAKE_CLOUD"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments):
        command = [PORTINFRA, *arguments, "-f", str(EXAMPLE)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout

    return call


@pytest.mark.slow
def test_the_documents_of_the_example_fit_their_schemas(run, tmp_path):
    place = ("production", "--on", "fake:us-east-1")
    assert run("plan", *place, "--out", "p.json")[0] == 0
    saved = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert (saved["schema"], document_errors(saved)) == ("portinfra.plan/1", [])
    ended = {
        "outcome": run("apply", "--plan", "p.json", "--json"),
        "render": run("render", *place, "--json"),
        "status": run("status", *place, "--json"),
        "check": run("check", *place, "--json"),
        "inventory": run("inventory", *place, "--json"),
    }
    documents = {name: json.loads(printed) for name, (_, printed) in ended.items()}
    assert {name: code for name, (code, _) in ended.items() if code} == {}
    assert [wrong for document in documents.values() for wrong in document_errors(document)] == []
    assert [document["schema"] for document in documents.values()] == [
        f"portinfra.{name}/1" for name in documents
    ]
    asked = [step for step in documents["outcome"]["steps"] if step["phase"] == "ready"]
    assert documents["outcome"]["summary"]["done"] == len(saved["changes"]) + len(asked)
