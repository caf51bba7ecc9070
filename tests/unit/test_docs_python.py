import re
from pathlib import Path

from portinfra.testing.fake import FakeCloud, plugin

DOCUMENT = (Path(__file__).parents[2] / "docs" / "python.md").read_text()


def test_the_blocks_run_in_order(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    cloud = FakeCloud()
    monkeypatch.setattr(plugin, "cloud", cloud)
    names = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL):
        exec(compile(block, "docs/python.md", "exec"), names)
    cloud.clock.sleep_until(cloud.clock.now() + 4 * 3600)
    assert [record for record in cloud.ground_truth() if record["kind"] != "claim"] == []
