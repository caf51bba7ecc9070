"""An attribute in a wrong block or class is answered with where it belongs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from portinfra import Environment, Role, Topology, Volume, allow, model
from portinfra.declaration.load import load
from portinfra.errors import DeclarationError, WrongTypeError

ROLE = 'role "web" {}'
BLOCKS = {
    "topology": f'topology "shop" {{\n  WAIVE\n  {ROLE}\n}}\n',
    "volume": 'topology "shop" {\n  role "web" {\n    volume "data" {\n gib = 1\n WAIVE\n }\n  }\n}\n',
    "allow": f'topology "shop" {{\n  {ROLE}\n  allow {{\n from = "web"\n to = "web"\n WAIVE\n }}\n}}\n',
    "environment": 'environment "production" {\n  on = "fake:us-east-1"\n  WAIVE\n}\n',
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_waiver_in_another_block_is_sent_to_a_role(tmp_path, block):
    file = tmp_path / "shop.hcl"
    file.write_text(BLOCKS[block].replace("WAIVE", 'waive = { "check/leads-nowhere" = "few" }'))
    with pytest.raises(DeclarationError) as caught:
        load(file)
    place = "the role block of the topology" if block == "environment" else "a role block"
    assert [each.fix for each in caught.value.findings] == [f"It belongs in {place}."]


@pytest.mark.parametrize(
    "make",
    [
        lambda waive: Topology("shop", [Role("web")], waive=waive),
        lambda waive: Environment("production", on="fake:us-east-1", waive=waive),
        lambda waive: Volume("data", gib=1, waive=waive),
        lambda waive: type(allow("web", "web"))(("web",), ("web",), waive=waive),
    ],
    ids=["topology", "environment", "volume", "flow"],
)
def test_a_waiver_of_another_class_is_sent_to_a_role(make):
    with pytest.raises(WrongTypeError) as caught:
        make({"check/fewer-than-three": "few"})
    assert caught.value.fix == "waive belongs to Role."


ALONE = """
from portinfra import {cls}
try:
    {cls}("x", {attribute}=1)
except TypeError as error:
    print(error.fix)
from portinfra.model.arguments import _declared
print(*sorted(_declared))
"""


@pytest.mark.parametrize(
    ("cls", "attribute", "fix"),
    [
        ("Environment", "standby", "standby belongs to RecoveryPlan."),
        ("Volume", "cidr", "cidr belongs to DrillSettings or Environment or Vault."),
    ],
)
def test_the_owner_is_found_where_a_script_has_imported_no_other_class(cls, attribute, fix):
    script = ALONE.format(cls=cls, attribute=attribute)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found, declared = ran.stdout.splitlines()
    assert found == fix
    texts = [path.read_text() for path in Path(model.__file__).parent.glob("*.py")]
    classes = [name for text in texts for name in re.findall(r"@refuse_unknown\n(?:@.*\n)*class (\w+)", text)]
    assert declared.split() == sorted(classes)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "deletion_protection = true",
            "there is no 'deletion_protection' in a role block of an environment",
        ),
        ("protect = true", "there is no 'protect' in a role block of an environment"),
        (
            'waive = { "check/leads-nowhere" = "few" }',
            "there is no 'waive' in a role block of an environment",
        ),
        ('volume "data" { gib = 1 }', "there is no block 'volume' in a role block of an environment"),
    ],
)
def test_the_role_block_of_an_environment_sends_to_that_of_the_topology(tmp_path, written, message):
    file = tmp_path / "shop.hcl"
    file.write_text(
        f'environment "production" {{\n on = "fake:us-east-1"\n role "web" {{\n{written}\n}}\n}}\n'
    )
    with pytest.raises(DeclarationError) as caught:
        load(file)
    (finding,) = caught.value.findings
    assert finding.message == message
    assert finding.fix == (
        "It belongs in the role block of the topology. This block has count, disk_gib, image, size, tags."
    )
