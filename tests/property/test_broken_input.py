"""Whatever is written, the answer is what was meant or a clear error at its place: never a traceback."""

import random
from pathlib import Path

import pytest
from attrs import evolve

from portinfra import (
    INTERNET,
    Action,
    DataPolicy,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Topology,
    Volume,
    Wave,
    allow,
    place,
)
from portinfra.declaration.declared import Declared
from portinfra.declaration.load import load
from portinfra.errors import DeclarationError, FindingsError, PlacementError, PortinfraError, ValidationError
from portinfra.model.finding import Severity
from portinfra.validation import validate_declared

CANARY = "hunter2-canary"
TEXT = f'''
variable "password" {{
  sensitive = true
  default   = "{CANARY}"
}}
variable "hosts" {{ default = 3 }}

locals {{
  team = "pay"
  ports = [5432, 6432]
}}

topology "shop" {{
  tags = {{ team = local.team }}
  role "web" {{
    count  = var.hosts
    public = "customers"
  }}
  role "db" {{
    size      = "large"
    user_data = "#!password=${{var.password}}"
    volume "data" {{
      gib   = 100
      mount = "/srv"
    }}
  }}
  role "cache" {{ count = length([1]) }}
  role "queue" {{ count = 1 }}
  allow {{
    from = "internet"
    to   = "web"
    tcp  = [443, "8000-8100"]
    why  = "customers"
  }}
  allow {{
    from = ["web", "cache"]
    to   = "db"
    tcp  = local.ports
    why  = "orders of ${{upper(local.team)}}"
  }}
}}

environment "production" {{
  on      = "fake:us-east-1"
  account = "111122223333"
  cidr    = "10.10.0.0/16"
  key     = "alias/shop"
  role "db" {{ size = "xlarge" }}
}}
environment "recovery" {{
  on   = "fake:eu-west-1"
  account = "444455556666"
  cidr = "10.20.0.0/16"
  key  = "alias/dr"
}}
environment "staging" {{
  on      = "fake:us-west-1"
  account = "555566667777"
  key     = "alias/staging"
}}
environment "spare" {{
  on      = "fake:ap-south-1"
  account = "666677778888"
  cidr    = "10.30.0.0/16"
  key     = "alias/spare"
}}
recovery "shop" {{
  source     = "production"
  target     = "recovery"
  rpo        = "4h"
  rto        = "1h"
  drill_cidr = "10.99.0.0/16"
  contacts   = ["Ada", "Grace"]
  wave {{
    roles = ["db"]
    gates = ["./leads", "./answers"]
    limit = "20m"
  }}
  wave {{ roles = ["cache", "queue", "web"] }}
  data "db" {{
    schedule  = "2h"
    seed      = "one"
    before    = "./freeze"
    keep      = 3
    sensitive = true
  }}
  action "promote" {{
    run   = "./promote"
    on    = ["drill", "failover"]
    after = "db"
  }}
  probe "last order" {{ run = "./ask" }}
}}
recovery "other" {{
  source      = "staging"
  target      = "spare"
  rpo         = "1d"
  rto         = "7d"
  drill_limit = "8d"
  waves       = [["db"], ["cache", "queue"], ["web"]]
}}
'''
SPLINTERS = (
    *'"{}[]()=,.:#$%\\/*+-<>?!&|~^`@\x00\ufeff\r\n\t é漢',
    "${", "%{", '"""', "<<EOT", "//", "/*", "=>", "...", "null", "true", "-1", "1e400", "9" * 400, "0x1F",
    "var.nothing", "local.team.deeper", "each.key", "nope()", "upper()", "[for x in [1] : x]", "[" * 200,
    "{" * 200, 'role "web" {}', "count = -1", "tcp = [70000]", 'cidr = "10.0.0.0/99"', "topology",
    'variable "x" {}', "\\u0000",
    "wave {}", 'data "db" {}', 'limit = "0s"', '"' + "9" * 5000 + 's"',
)  # fmt: skip


def broken(chance: random.Random, text: str) -> str:
    """A text with one to three things done to it, anywhere."""
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(text) + 1), chance.choice((1, 1, 1, 3, 12, 60))
        splinter = chance.choice(SPLINTERS)
        lines = text.split("\n")
        row, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(8):
            case 0:
                text = text[:at] + text[at + length :]
            case 1:
                text = text[:at] + splinter + text[at:]
            case 2:
                text = text[:at] + splinter + text[at + length :]
            case 3:
                text = text[:at]
            case 4:
                lines[row], lines[other] = lines[other], lines[row]
                text = "\n".join(lines)
            case 5:
                text = "\n".join([*lines[:row], lines[other], *lines[row:]])
            case 6:
                text = text.replace(*chance.sample(("web", "db", "3", '"', "[", "=", "count", "size"), 2), 1)
            case _:
                text = "\n".join(lines[:row] + lines[row + 1 :])
        text = text or "\n"
    return text


def refused(path: Path) -> PortinfraError | None:
    """What loading, checking and placing a file says; None: it is sound."""
    try:
        declared = load(path)
        validate_declared(declared)
        for topology in declared.topologies:
            for environment in declared.environments:
                if environment.provider == "fake":
                    place(topology, environment)
    except PortinfraError as error:
        return error
    return None


def findings_of(error):
    return error.findings if isinstance(error, DeclarationError | FindingsError) else ()


@pytest.fixture(
    params=[range(250), pytest.param(range(250, 10_250), marks=pytest.mark.soak)], ids=["a few", "thousands"]
)
def seeds(request):
    return request.param


def test_the_whole_file_is_sound(tmp_path):
    path = tmp_path / "shop.hcl"
    path.write_text(TEXT, encoding="utf-8")
    assert refused(path) is None


@pytest.mark.slow
def test_a_mutilated_file_is_sound_or_told_where_it_is_not(seeds, tmp_path):
    rules, harmless = set(), 0
    path = tmp_path / "shop.hcl"
    for seed in seeds:
        text = broken(random.Random(seed), TEXT)
        path.write_text(text, encoding="utf-8", newline="")
        error = refused(path)
        if error is None:
            harmless += 1
            continue
        story = f"seed {seed}: {error}"
        assert CANARY not in str(error), story
        assert isinstance(error, DeclarationError | ValidationError | PlacementError), story
        lines = path.read_text(encoding="utf-8").count("\n") + 1  # a lone carriage return ends a line too
        for finding in findings_of(error):
            rules.add(finding.rule)
            assert finding.message, story
            assert finding.location is not None, story
            assert Path(finding.location.file) == path, story
            assert 1 <= finding.location.line <= lines, story
            assert finding.fix or finding.severity is not Severity.ERROR, story
    assert harmless < len(seeds) / 2
    assert len(rules) >= 8
    print(f"{len(seeds)} files, {harmless} harmless, {len(rules)} kinds of finding")


WEB = Role("web", public="customers")
DEFECTS = {
    "count": (lambda role: evolve(role, count=-1), "role.{}.count"),
    "wrong count": (lambda role: evolve(role, count="three"), "role.{}.count"),
    "size": (lambda role: evolve(role, size=7), "role.{}.size"),
    "disk": (lambda role: evolve(role, disk_gib=0), "role.{}.disk_gib"),
    "volume": (lambda role: evolve(role, volumes=[Volume("data", gib=0)]), "role.{}.volume.data"),
    "two volumes": (lambda role: evolve(role, volumes=[Volume("data", gib=1)] * 2), "role.{}.volume.data"),
    "tag": (lambda role: evolve(role, tags={"portinfra:scope": "x"}), "role.{}.tags"),
    "waiver": (lambda role: evolve(role, waive={"check/fewer-than-three": " "}), "role.{}.waive"),
    "nothing": (lambda role: evolve(role, image=None), "role.{}.image"),
    "unavailable": (lambda role: evolve(role, max_unavailable=0), "role.{}.max_unavailable"),
}
"""What is wrong with a role → its subject."""


SOUND = DataPolicy("db")
PLAN_DEFECTS = {
    "rpo": ({"rpo": "soon"}, "rpo"),
    "rto": ({"rto": 5}, "rto"),
    "limit": ({"waves": [Wave(["web", "db"], limit="0m")]}, "wave 1.limit"),
    "gates": ({"waves": [Wave(["web", "db"], gates=5)]}, "wave 1.gates"),
    "waves": ({"waves": 5}, "wave 1.roles"),
    "no waves": ({"waves": []}, "waves"),
    "no roles": ({"waves": [[], ["web", "db"]]}, "wave 1.roles"),
    "no gate": ({"waves": [Wave(["web", "db"], gates="")]}, "wave 1.gates"),
    "no thaw": ({"data": evolve(SOUND, after=" ")}, "data.db.after"),
    "no occasion": ({"actions": Action("a", "true", on=[])}, "action.a.on"),
    "role": ({"waves": [["web", "db", "cahce"]]}, "wave 1.roles"),
    "engine": ({"data": evolve(SOUND, engine="rsync")}, "data.db.engine"),
    "seed": ({"data": evolve(SOUND, seed=None)}, "data.db.seed"),
    "schedule": ({"data": evolve(SOUND, schedule="often")}, "data.db.schedule"),
    "retention": ({"data": evolve(SOUND, retention=0)}, "data.db.retention"),
    "keep": ({"data": evolve(SOUND, keep={"yearly": 1})}, "data.db.keep"),
    "volume": ({"data": evolve(SOUND, of="db/nothing")}, "data.db/nothing"),
    "no policy": ({"data": 3}, "data"),
    "occasion": ({"actions": Action("a", "true", on="disaster")}, "action.a.on"),
    "run": ({"actions": Action("a", None)}, "action.a.run"),
    "after": ({"actions": Action("a", "true", after="nobody")}, "action.a.after"),
    "probes": ({"probes": [Probe("a", "true")] * 2}, "probe.a"),
    "network": ({"drill_cidr": "10.99.0.0/99"}, "drill_cidr"),
    "contacts": ({"contacts": [1]}, "contacts"),
}
"""What is wrong with a recovery plan → its subject."""


def test_every_defect_of_a_recovery_plan_is_told_at_once(seeds):
    environments = (
        Environment("production", on="fake:us-east-1", account="1", key="a"),
        Environment("recovery", on="fake:eu-west-1", account="2", key="b", cidr="10.20.0.0/16"),
    )
    topology = Topology("shop", [WEB, Role("db", volumes=[Volume("data", gib=1)])])
    sound = {"rpo": "4h", "rto": "1h", "waves": [["db"], ["web"]]}
    for seed in seeds:
        chance = random.Random(seed)
        changed, subjects = dict(sound), []
        for name in chance.sample(sorted(PLAN_DEFECTS), chance.randint(1, 6)):
            changes, subject = PLAN_DEFECTS[name]
            if all(changed.get(key) == sound.get(key) for key in changes):  # nothing is wrong with it yet
                changed |= changes
                subjects.append(f"recovery.shop.{subject}")
        plan = RecoveryPlan("shop", *environments, **changed)
        with pytest.raises(ValidationError) as caught:
            validate_declared(Declared((topology,), environments, (plan,)))
        told = {finding.subject for finding in caught.value.findings}
        assert told >= set(subjects), f"seed {seed}: {caught.value}"
        assert all(finding.location and finding.fix for finding in caught.value.findings), seed


def test_every_defect_of_a_topology_is_told_at_once(seeds):
    for seed in seeds:
        chance = random.Random(seed)
        names = ["web", "app", "db", "cache", "queue"][: chance.randint(1, 5)]
        roles, subjects = [], []
        for name in names:
            breaks, subject = DEFECTS[chance.choice(sorted(DEFECTS))]
            roles.append(breaks(evolve(WEB, name=name)))
            subjects.append(subject.format(name))
        flows = [allow(INTERNET, "nobody", tcp=443, why="a slip")] if chance.random() < 0.5 else []
        environment = Environment(
            "production", on="fake:us-east-1", cidr=chance.choice(("10.0.0.0/16", "nonsense"))
        )
        with pytest.raises((ValidationError, PlacementError)) as caught:
            place(Topology("shop", roles, flows), environment)
        told = [finding.subject for finding in caught.value.findings]
        story = f"seed {seed}: {caught.value}"
        for subject in subjects:
            assert any(one.startswith(subject) for one in told), f"{subject} was not told: {story}"
        if flows:
            assert "nobody" in str(caught.value), story
        if environment.cidr == "nonsense":
            assert "nonsense" in str(caught.value), story
        assert all(finding.location and finding.message for finding in caught.value.findings), story
