"""What a finding tells a user to write is in the language of the file that it points to."""

import ast
import re

import pytest
from attrs import evolve
from sources_of_findings import ROOT

from portinfra import (
    DataPolicy,
    Environment,
    RecoveryPlan,
    Role,
    Service,
    Topology,
    Volume,
    Wave,
    allow,
)
from portinfra.declaration.declared import Declared
from portinfra.errors import ValidationError
from portinfra.model.location import Location
from portinfra.model.observed import Observation, Observed
from portinfra.model.resources import Rule
from portinfra.placement import place
from portinfra.policy import check
from portinfra.validation import validate_declared

CALL = re.compile(r"\b(?:[A-Z][A-Za-z]+|allow)\((?:…|\"|\{)")
PYTHON = re.compile(rf"{CALL.pattern}|(?<![-\w])[a-z_]+=(?:\"|'|\[|\{{|\d|True|False)")
HCL = re.compile(r"(?<![-\w])[a-z_]+ = (?:\"|\[|\{|\d|true|false)|an allow block|role \"web\" \{")

NOT_ABOUT_A_FILE = {
    "cloud.py": "a script calls it",
    "hosts/": "text of files on hosts",
    "provider/": "providers and their user data",
    "render/": "pages and pictures",
    "recovery/vault/transfer_script.py": "a script for a host",
    "rollout/prober_script.py": "a script for a host",
    "declaration/": "the language itself: each message is about a file of this language",
    "model/": "examples of the reference page",
    "policy/rules.py": "rules are written in Python",
    "planning/subnets.py": "each text is chosen by the file",
    "testing/": "no declaration",
    "trust/bundle.py": "a script for a host",
    "guards/peer.py": "names both",
}


def texts(tree):
    """The texts of a module that are neither docstrings nor given to `write` or `choose`."""
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            passed.add(id(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("write", "choose"):
            passed |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
            yield node.lineno, "".join(p.value if isinstance(p, ast.Constant) else "{…" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_advice_has_code_of_one_language_alone():
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        path = str(file.relative_to(ROOT))
        if path.startswith(tuple(NOT_ABOUT_A_FILE)):
            continue
        for line, text in texts(ast.parse(file.read_text(encoding="utf-8"))):
            if " " in text and (PYTHON.search(text) or HCL.search(text)):
                found.append(f"{path}:{line}: {text}")
    assert found == []


def in_file(value, file):
    """A declared value, and all of its parts, as if they were written in a file."""
    changes = {}
    for name in ("roles", "flows", "volumes", "offers", "waves", "data"):
        parts = getattr(value, name, ())
        if isinstance(parts, tuple) and parts and hasattr(parts[0], "location"):
            changes[name] = [in_file(part, file) for part in parts]
    return evolve(value, location=Location(file, 1), **changes)


WEB = Role("web", public="yes")
DB = Role(
    "db",
    volumes=[Volume("data", gib=1)],
    offers=[Service("sql", tcp=5432, local_port=5432, tls="app", app_port=1, health_port=2)],
)
OPEN = allow("web", "db", icmp=True)
SHOP = Topology("shop", [WEB, DB, Role("app")], [OPEN, allow("10.0.0.0/8", "app", tcp=22, why="office")])
HOME = Environment("home", on="fake:us-east-1", account="1", roles={"db": {"count": 4}})
AWAY = Environment("away", on="fake:eu-west-1", account="2", cidr="10.9.0.0/16")
PLAN = RecoveryPlan(
    "shop",
    "home",
    "away",
    rpo="4h",
    rto="1h",
    waves=[Wave(["db", "web", "app"])],
    data=[DataPolicy("db", retention=3)],
    refresh_every="30d",
)
DECLARED = {
    "by itself": (SHOP, PLAN),
    "no roles": (Topology("shop", []), PLAN),
    "a slot taken twice": (evolve(SHOP, roles=[evolve(WEB, slot=1), DB]), PLAN),
    "a private role": (evolve(SHOP, flows=[allow("internet", "db", tcp=1, why="x")]), PLAN),
    "a flow without ports": (evolve(SHOP, flows=[allow("web", "db", why="x")]), PLAN),
}


@pytest.mark.parametrize(("file", "other"), [("shop.hcl", PYTHON), ("shop.py", HCL)])
@pytest.mark.parametrize("named", DECLARED)
def test_findings_about_a_declaration_speak_its_language(named, file, other):
    topology, plan = (in_file(value, file) for value in DECLARED[named])
    ends = tuple(in_file(each, file) for each in (HOME, AWAY))
    with pytest.raises(ValidationError) as caught:
        validate_declared(Declared((topology,), ends, (plan,)))
    said = [f"{each.message} {each.fix}" for each in caught.value.findings]
    assert [text for text in said if other.search(text)] == []
    written = HCL if other is PYTHON else PYTHON
    assert any(written.search(text) for text in said)


@pytest.mark.parametrize(("file", "other"), [("shop.hcl", PYTHON), ("shop.py", HCL)])
def test_findings_of_check_speak_the_language_of_the_declaration(file, other):
    office = [
        allow("10.0.0.0/8", "app", tcp=22, why="office"),
        allow("db", "10.0.0.0/8", tcp=22, why="office"),
    ]
    placed = place(in_file(evolve(SHOP, flows=[OPEN, *office]), file), in_file(HOME, file))
    by_hand = Rule("tcp", 22, 22, "203.0.113.0/24")
    there = {
        address: Observed(
            address, evolve(spec, ingress=(by_hand,)) if address == "firewall-rules.db" else spec
        )
        for address, spec in placed.resources.items()
    }
    report = check(placed, observation=Observation(there))
    rules = {each.rule for each in report.findings}
    assert rules >= {
        "check/public-without-reason",
        "check/flow-without-why",
        "check/undeclared-way",
        "check/undeclared-rule",
    }
    said = [f"{each.message} {each.fix}" for each in report.findings]
    assert [text for text in said if other.search(text)] == []
