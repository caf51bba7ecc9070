"""Every example of the pages on HCL loads, and the pages name what the code knows."""

import re
from pathlib import Path

import pytest
import terraform_page

from portinfra.declaration.hcl.calls import CALLS
from portinfra.declaration.hcl.functions import FUNCTIONS
from portinfra.declaration.load import load
from portinfra.validation import validate_declared

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("hcl.md", "hcl-functions.md")}
TEXT = "\n".join(PAGES.values())
EXAMPLES = re.findall(r"^## (?P<title>.*?)$|^```hcl\n(?P<code>.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
CODE = [code for _, code in EXAMPLES if code]


def test_the_page_has_examples():
    assert len(CODE) >= 8


def test_every_function_is_on_its_page():
    listed = re.findall(r"^\| `(\w+)\(", PAGES["hcl-functions.md"], re.MULTILINE)
    assert listed == sorted([*FUNCTIONS, *CALLS])


def test_the_page_for_people_who_know_terraform_is_up_to_date():
    assert terraform_page.PAGE.read_text(encoding="utf-8") == terraform_page.page(), (
        "Run .venv/bin/python tools/terraform_page.py"
    )


@pytest.mark.parametrize("code", CODE, ids=range(len(CODE)))
def test_an_example_loads(code, tmp_path):
    (tmp_path / "example.hcl").write_text(code, encoding="utf-8")
    declared = load(tmp_path)
    if "environment" not in code or "topology" in code:
        validate_declared(declared)


def test_what_the_examples_say_of_their_values_is_so(tmp_path):
    (tmp_path / "example.hcl").write_text(CODE[-2], encoding="utf-8")
    environment = load(tmp_path).environment()
    assert environment.cidr == "10.10.64.0/18"
    assert environment.tags == {
        "roles": "web+app+db",
        "count": "3 roles",
        "tier": "data",
        "has_db": "yes",
        "keys": '["owner","tier"]',
        "encoded": "dGV4dA==",
    }


def test_the_indentation_of_a_heredoc_is_taken_away(tmp_path):
    (tmp_path / "example.hcl").write_text(CODE[-3], encoding="utf-8")
    role = load(tmp_path).topology().role("web")
    assert role.user_data.splitlines()[0] == "#!/bin/sh"
    assert 'echo "APP, API" > /etc/motd' in role.user_data
    assert '"${HOME} is' in role.user_data
    assert (role.count, role.size, role.image) == (3, "large", "debian-12")


def test_the_directives_of_the_example_make_a_script(tmp_path):
    (tmp_path / "example.hcl").write_text(CODE[-1], encoding="utf-8")
    assert load(tmp_path).topology().role("web").user_data == (
        '#!/bin/sh\necho "many roles" >> /etc/motd\necho "web" >> /etc/motd\necho "db" >> /etc/motd\n'
    )
