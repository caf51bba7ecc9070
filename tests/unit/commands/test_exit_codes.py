"""Exit codes: 3 says that nothing was done, because something forbids it; 1 says that something failed."""

import pytest
from attrs import evolve
from sources_of_findings import findings
from typer.testing import CliRunner

from portinfra import Environment, RecoveryPlan, Role, Service, Topology, Volume, errors, rule
from portinfra.commands import exits
from portinfra.commands.app import app
from portinfra.commands.exits import Exit, exit_code
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.model.finding import Finding
from portinfra.model.rule_classes import FORBIDDEN, GIVEN
from portinfra.planning.refusal import refusal_of
from portinfra.validation.new_resources import BIRTH, STYLE

CODES = {
    Exit.FAILED: {
        "PortinfraError",
        "DeclarationError",
        "FindingsError",
        "ValidationError",
        "UserCodeError",
        "WrongTypeError",
        "PlacementError",
        "LeaseLostError",  # the run had begun
        "ProviderError",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "PermissionDenied",
        "InvalidRequest",
        "Unsupported",
        "QuotaExceeded",
        "NoCapacity",
        "RateLimited",
        "Unavailable",
        "OutcomeUnknown",
        "NotReadyError",
        "ApplyError",
    },
    Exit.USAGE: {"Misuse", "UnknownNameError"},
    Exit.REFUSED: {"PolicyError", "StalePlanError", "LeaseHeldError", "Unconfirmed", "EditedFileError"},
    Exit.INTERRUPTED: {"Interrupted"},
}
CLASSES = {
    name: value
    for module in (errors, exits)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, errors.PortinfraError)
}


def test_every_error_has_one_exit_code():
    assert sorted(name for names in CODES.values() for name in names) == sorted(CLASSES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_an_error_ends_with_its_code(code):
    ends = {name: exit_code(CLASSES[name].__new__(CLASSES[name])) for name in CODES[code]}
    assert ends == dict.fromkeys(CODES[code], code)


FEW = {"check/fewer-than-three": "as small as can be"}
BADLY_NAMED = Service("Data Base", tcp=5432, local_port=5432)
SHOP = Topology("shop", [Role("db", count=1, volumes=[Volume("data", gib=1)], waive=FEW)])
HERE = Environment("production", on="fake:us-east-1", account="1", key="a", cidr="10.1.0.0/16")
THERE = Environment("recovery", on="fake:eu-west-1", account="2", key="b", cidr="10.2.0.0/16")


@rule("acme/no-db", "error", "Leave it out.")
def no_db(context):
    yield "db", "no databases"


def role(**changes):
    return {"topology": SHOP.with_role(evolve(SHOP.role("db"), **changes))}


FAULTS = {
    "a wrong type": (role(count="3"), Exit.FAILED),
    "a size that the provider lacks": (role(size="enormous"), Exit.FAILED),
    "an image that the location lacks": (role(image="beos-5"), Exit.FAILED),
    "an SSH key that is none": (role(ssh_keys=["key"]), Exit.FAILED),
    "user data of no kind": (role(user_data="hello"), Exit.FAILED),
    "a mount that is no path": (role(volumes=[Volume("data", gib=1, mount="data")]), Exit.FAILED),
    "a waiver without a reason": (role(waive={"check/fewer-than-three": " "}), Exit.FAILED),
    "an attribute to ignore that is none": (role(ignore=["colour"]), Exit.FAILED),
    "a service with a bad name": (role(offers=[BADLY_NAMED]), Exit.FAILED),
    "an override of an unknown role": ({"roles": {"bd": {"count": 2}}}, Exit.FAILED),
    "a network without room": ({"cidr": "10.1.0.0/30"}, Exit.FAILED),
    "a provider that is not installed": ({"on": "fkae:us-east-1"}, Exit.FAILED),
    "a rule that refuses": ({"rules": (no_db,)}, Exit.REFUSED),
    "a name that nothing has": ({"name": "prodution"}, Exit.USAGE),
}
COMMANDS = {
    "plan": ("plan", "{production}"),
    "apply": ("apply", "{production}", "--yes"),
    "move": ("move", "{production}", "--to", "fake:eu-north-1", "--plan"),
    "check": ("check", "{production}"),
    "status": ("status", "{production}"),
    "dr plan": ("dr", "plan", "{shop}"),
    "dr failover": ("dr", "failover", "{shop}", "--yes"),
}
NOT_ASKED = {
    ("check", "an image that the location lacks"),
    ("check", "a size that the provider lacks"),
    ("status", "a rule that refuses"),
    ("dr plan", "a rule that refuses"),
    ("dr failover", "a rule that refuses"),
    *(
        (command, fault)
        for command in ("dr plan", "dr failover")
        for fault in (
            "an SSH key that is none",
            "user data of no kind",
            "a mount that is no path",
            "a waiver without a reason",
            "an attribute to ignore that is none",
            "a service with a bad name",
        )
    ),
}
"""`check` reads no cloud. `status` finds a difference (2), as nothing exists yet. A takeover holds to no
rules, and takes what an older version accepted.
"""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_kind_of_fault_has_one_exit_code_whichever_command_finds_it(world, command, fault):
    if (command, fault) in NOT_ASKED:
        return
    given, code = FAULTS[fault]
    changes = {name: given[name] for name in ("cidr", "on", "roles") if name in given}
    ends = [evolve(each, **changes) for each in (HERE, THERE)]
    plan = RecoveryPlan("shop", *ends, rpo="4h", rto="1h", waves=[["db"]], accept="hosts")
    topologies, rules = (given.get("topology", SHOP),), given.get("rules", ())
    declared = Declared(topologies, tuple(ends), (plan,), rules)
    names = {"production": given.get("name", "production"), "shop": given.get("name", "shop")}
    words = tuple(word.format(**names) for word in COMMANDS[command])
    session = Session("python shop.py", words, declared)
    result = CliRunner().invoke(app(session), list(words))
    assert result.exit_code == code, result.output


def test_each_rule_is_either_about_what_was_given_or_about_what_is_forbidden():
    undecided = {rule for _, _, rule in findings() if "/" in rule and not rule.startswith(GIVEN + FORBIDDEN)}
    assert undecided == set()


def test_a_finding_about_a_declaration_ends_with_one_exit_code_wherever_it_is_found():
    validating = ("validation/", "declaration/", "hosts/")
    validated = {rule for path, _, rule in findings() if path.startswith(validating) and "/" in rule}
    rules = {*BIRTH, *STYLE, *(rule for rule in validated if not rule.startswith("recovery/"))}
    ends = {rule: exit_code(refusal_of("", [Finding(rule, "")])) for rule in rules}
    assert ends == dict.fromkeys(rules, Exit.FAILED)
