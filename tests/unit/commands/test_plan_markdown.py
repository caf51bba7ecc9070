"""`plan --format markdown`: the page of a pull request."""

import json


def test_dangers_come_first_then_what_is_created_and_the_flows_that_change(applied):
    changed = applied.changing("web", count=1)
    page = changed.run("plan", "--format", "markdown").stdout
    assert page.startswith("## Plan: shop/demo on fake:us-east-1")
    titles = [line for line in page.splitlines() if line.startswith("### ")]
    assert titles[:2] == ["### Deletions and dangers", "### Summary"]
    assert "1 host, 1 vCPU, 2 GiB of memory, 20 GiB of disks less." in page


def test_one_plan_is_not_json_and_markdown(applied):
    refused = applied.run("plan", "--json", "--format", "markdown")
    assert refused.exit_code == 2
    assert "exclude each other" in json.loads(refused.stdout)["message"]
