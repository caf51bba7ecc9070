"""The page on services: both examples declare the same, and its lists are complete."""

import re
from pathlib import Path

import pytest
from service_shop import rendered

from portinfra.declaration.load import load
from portinfra.hosts import findings, plan_findings
from portinfra.validation import services

PAGE = (Path(__file__).parents[3] / "docs" / "services.md").read_text(encoding="utf-8")


def example(language):
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return code


def test_both_languages_declare_the_same(tmp_path):
    (tmp_path / "example.hcl").write_text(example("hcl"), encoding="utf-8")
    values = {}
    exec(example("python"), values)
    assert load(tmp_path).topologies == (values["shop"],)


def test_every_rule_about_services_is_listed():
    source = Path(services.__file__).read_text(encoding="utf-8")
    written = set(re.findall(r'"service/([a-z-]+)"', source))
    written |= set(re.findall(r'_wrong(?:_flow)?\((?:role, service|flow), "([a-z-]+)"', source))
    assert len(written) > 8
    assert {name for name in written if f"`service/{name}`" not in PAGE} == set()


def test_every_rule_about_hosts_is_listed():
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in (findings, plan_findings)]
    written = {name for source in sources for name in re.findall(r'"(hosts/[a-z-]+)"', source)}
    assert written == set(re.findall(r"^\| `(hosts/[a-z-]+)` \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("path", sorted({path for files in rendered().values() for path in files}))
def test_every_file_is_listed(path):
    assert f"| `{path}` |" in PAGE
