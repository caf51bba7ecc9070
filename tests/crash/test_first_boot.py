"""The crash sweep over a topology whose hosts carry the script of their first boot."""

import pytest
from fake_bed import FakeBed
from service_shop import SHOP, with_count
from sweeps import strides

from portinfra.testing.conformance import Stage
from portinfra.testing.conformance.suite.crashes import sweep_to
from portinfra.testing.fake import plugin

stride = strides(20, quick=90)


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    yield Stage(FakeBed("aws", page_size=1000))
    plugin.cloud = None


def test_creating(stage, stride):
    assert sweep_to(stage, None, SHOP, stride)


def test_one_more_host(stage, stride):
    assert sweep_to(stage, SHOP, with_count(SHOP, "app", 7), stride)
