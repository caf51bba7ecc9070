"""The fixtures, as a project that installs portinfra has them."""

import subprocess
import sys
import textwrap

import pytest

from portinfra import Environment, Role, Topology, plan
from portinfra.testing.fake import FakeCloud, plugin
from portinfra.testing.simulation import apply_and_check, simulate

SHOP = Topology("shop", roles=[Role("web")])


def test_a_topology_is_applied_to_a_cloud_of_its_own(fake_cloud, apply_topology):
    assert apply_topology(SHOP).succeeded
    assert len([record for record in fake_cloud.ground_truth() if record["kind"] == "instance"]) == 3


def test_the_next_test_has_another(fake_cloud):
    assert fake_cloud.ground_truth() == []


@pytest.mark.parametrize("fake_cloud", ["aws", "gcp"], indirect=True)
def test_of_another_shape(fake_cloud, apply_topology, request):
    assert fake_cloud.shape.name in request.node.name
    assert apply_topology(SHOP, Environment("production", on="fake:europe-west1"), seed=3).succeeded


def test_nothing_stays_behind(monkeypatch):
    monkeypatch.setattr(plugin, "cloud", FakeCloud())
    outer = plugin.cloud
    with simulate() as cloud:
        assert plugin.cloud is cloud is not outer
        apply_and_check(SHOP)
    assert plugin.cloud is outer
    assert outer.ground_truth() == []


def test_a_test_that_builds_in_the_file_that_all_share_is_warned(monkeypatch):
    monkeypatch.setattr(plugin, "cloud", None)
    with pytest.warns(UserWarning, match="fake_cloud"):
        plan(SHOP, Environment("production", on="fake:us-east-1"))


def test_a_project_that_asks_for_no_fixture_does_not_load_what_they_need(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        textwrap.dedent(
            """
            import sys

            def test_of_theirs():
                assert "portinfra.testing.pytest_plugin" in sys.modules
                assert "portinfra.testing.fake" not in sys.modules
                assert "portinfra.workflow" not in sys.modules
            """
        )
    )
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
