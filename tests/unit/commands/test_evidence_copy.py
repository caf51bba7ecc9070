"""A copy of each evidence goes to an rclone remote, and replaces none that is there."""

import json

import pytest
from attrs import evolve

from portinfra import dr
from portinfra.errors import ProviderError
from portinfra.execution.journal import home
from portinfra.model.recovery import EvidenceCopy
from portinfra.recovery.evidence import evidence_of

pytestmark = pytest.mark.tools("rclone")


@pytest.fixture
def plan(run, tmp_path):
    """A plan whose evidence is copied into a folder."""
    run("dr", "replicate")
    (tmp_path / "copies.conf").write_text(f"[copies]\ntype = alias\nremote = {tmp_path}/copies\n")
    return run.plan(evidence=EvidenceCopy("copies:shop", str(tmp_path / "copies.conf")))


def test_the_signed_file_is_sent_under_its_number_and_replaces_none(run, plan, tmp_path):
    result = run("dr", "drill", "--json", about=plan)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    name = f"00001-drill-shop-{document['id']}.json"
    copy = tmp_path / "copies/shop" / name
    assert json.loads(copy.read_text()) == document
    assert f"Copy:     copies:shop/{name}" in result.stderr
    (page,) = (home() / "evidence").glob("*.html")
    assert "A copy goes to copies:shop." in page.read_text()

    copy.write_text("the first")
    file = home() / "evidence" / name.removeprefix("00001-")
    about = run.recovery(plan)
    with pytest.raises(ProviderError, match="exists already"):
        dr.send_copy(about, evidence_of(document), file)
    assert copy.read_text() == "the first"


@pytest.mark.parametrize("remote", ["copies:", "copies:/", "copies:shop/"])
def test_a_path_that_ends_with_its_separator_is_followed_by_no_other(run, plan, tmp_path, remote):
    about = evolve(plan, evidence=evolve(plan.evidence, remote=remote))
    result = run("dr", "drill", about=about)
    assert f"Copy:     {remote}00001-drill-shop-" in result.stdout
    assert len(list((tmp_path / "copies").rglob("00001-*.json"))) == 1


def test_a_copy_that_cannot_be_sent_is_said_and_ends_with_one(run, plan, tmp_path):
    (tmp_path / "copies.conf").unlink()
    result = run("dr", "drill", about=plan)
    assert result.exit_code == 1
    assert "NO COPY was sent" in result.stderr
    assert len(list((home() / "evidence").glob("*.json"))) == 1


def test_without_a_remote_nothing_is_sent(run):
    run("dr", "replicate")
    result = run("dr", "drill")
    assert result.exit_code == 0
    assert "Copy:" not in result.stdout
    (page,) = (home() / "evidence").glob("*.html")
    assert "The only copy of this evidence" in page.read_text()
