"""Evidence is signed and kept, for a program as for the command line."""

import json

import pytest

from portinfra import dr
from portinfra.errors import PortinfraError

DOCUMENT = {"schema": "acme.release/1", "result": "passed"}


def test_what_is_kept_is_signed_with_the_key_of_the_store():
    store = dr.open_store()
    file, signed = store.save("release-shop-1", DOCUMENT)
    assert json.loads(file.read_text()) == signed
    assert dr.verify(signed, store.public_key.read_bytes()).good
    assert dr.verify({**signed, "result": "failed"}).found == "altered"


def test_evidence_of_the_same_name_is_kept_beside_the_first():
    files = [dr.open_store().save("release-shop-1", {**DOCUMENT, "run": run})[0] for run in (1, 2, 3)]
    assert [file.name for file in files] == [
        "release-shop-1.json",
        "release-shop-1-2.json",
        "release-shop-1-3.json",
    ]
    assert [json.loads(file.read_text())["run"] for file in files] == [1, 2, 3]


def test_a_store_that_cannot_be_written_is_refused_when_it_is_opened(tmp_path, monkeypatch):
    (tmp_path / "evidence").write_text("")
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with pytest.raises(PortinfraError, match="nothing was begun"):
        dr.open_store()
