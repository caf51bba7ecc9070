"""The crash sweep over the minimal covering topology: every call, in every shape."""

import pytest
from attrs import evolve
from minimal import AFTER, BEFORE, ENVIRONMENT
from sweep import sweep
from worlds import bring, comes_to, comes_to_nothing, dry, remove, world

from portinfra import apply, plan
from portinfra.testing.fake import SHAPES, FakeCloud, plugin


@pytest.fixture(autouse=True)
def journals(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))


@pytest.fixture(params=sorted(SHAPES))
def cloud(request, monkeypatch):
    cloud = FakeCloud(shape=evolve(SHAPES[request.param], rates={}))
    monkeypatch.setattr(plugin, "cloud", cloud)
    return cloud


def test_creating(cloud):
    expected = dry(cloud, lambda: bring(BEFORE, ENVIRONMENT))
    assert expected
    copies = sweep(cloud, lambda: bring(BEFORE, ENVIRONMENT), comes_to(cloud, BEFORE, ENVIRONMENT, expected))
    assert copies > 100


def test_changing_one_of_each_kind(cloud):
    bring(BEFORE, ENVIRONMENT)
    expected = dry(cloud, lambda: bring(AFTER, ENVIRONMENT))
    copies = sweep(cloud, lambda: bring(AFTER, ENVIRONMENT), comes_to(cloud, AFTER, ENVIRONMENT, expected))
    assert copies > 100


def test_destroying(cloud):
    bring(BEFORE, ENVIRONMENT)
    copies = sweep(cloud, lambda: remove(BEFORE, ENVIRONMENT), comes_to_nothing(cloud, BEFORE, ENVIRONMENT))
    assert copies > 100


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_order_of_what_could_go_in_any_order_does_not_matter(cloud, seed):
    expected = dry(cloud, lambda: bring(BEFORE, ENVIRONMENT))
    apply(plan(BEFORE, ENVIRONMENT), seed=seed)
    assert world(cloud) == expected
