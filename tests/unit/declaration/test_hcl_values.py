"""HCL loads to the values that Python makes."""

import pytest

from portinfra.errors import DeclarationError
from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Volume
from portinfra.model.topology import INTERNET, Role, Topology, allow


def test_a_topology_equals_its_python_twin(load_hcl):
    declared = load_hcl("""
        topology "shop" {
          tags = { owner = "ada" }
          role "web" {
            public = "customers"
            ignore = "tags"
            native "aws" {
              placement = "spread"
            }
          }
          role "db" {
            size    = "large"
            slot    = 4
            deletion_protection = true
            native  = { gcp = { threads = 1 } }
            waive   = { R6 = "two suffice" }
            volume "data" {
              gib   = 100
              mount = "/srv"
              tags  = { backup = "hourly" }
            }
          }
          allow {
            from = "internet"
            to   = "web"
            tcp  = [443, "8000-8100"]
            why  = "customers"
          }
          allow {
            from = ["web", "10.1.0.0/16"]
            to   = ["db"]
            udp  = 53
            icmp = true
          }
        }""")
    web = Role("web", public="customers", ignore=["tags"], native={"aws": {"placement": "spread"}})
    volume = Volume("data", gib=100, mount="/srv", tags={"backup": "hourly"})
    db = Role(
        "db",
        size="large",
        slot=4,
        deletion_protection=True,
        native={"gcp": {"threads": 1}},
        waive={"R6": "two suffice"},
        volumes=[volume],
    )
    topology = Topology(
        "shop",
        roles=[web, db],
        flows=[
            allow(INTERNET, web, tcp=[443, "8000-8100"], why="customers"),
            allow([web, "10.1.0.0/16"], db, udp=53, icmp=True),
        ],
        tags={"owner": "ada"},
    )
    assert declared.topologies == (topology,)
    assert declared.topologies[0].role("db").volumes[0].mount == "/srv"


def test_environments_and_recoveries_equal_their_python_twins(load_hcl):
    declared = load_hcl("""
        environment "production" {
          on          = "aws:us-east-1"
          zones       = ["a", "b"]
          credentials = { profile = "shop" }
          role "db" {
            size = "xlarge"
          }
        }
        recovery "shop" {
          source = "production"
          target = "recovery"
          rpo    = "4h"
          rto    = "1h"
          waves  = [["db"], ["app", "web"]]
        }""")
    assert declared.environments == (
        Environment(
            "production",
            on="aws:us-east-1",
            zones=["a", "b"],
            credentials={"profile": "shop"},
            roles={"db": {"size": "xlarge"}},
        ),
    )
    assert declared.recoveries == (
        RecoveryPlan("shop", "production", "recovery", rpo="4h", rto="1h", waves=[["db"], ["app", "web"]]),
    )


def test_every_value_knows_its_line(load_hcl):
    topology = load_hcl(
        'topology "p" {\n  role "web" {\n    volume "data" {\n      gib = 1\n    }\n  }\n'
        '  allow {\n    from = "web"\n    to   = "web"\n  }\n}\n'
    ).topology()
    role = topology.role("web")
    lines = [value.location.line for value in (topology, role, role.volumes[0], topology.flows[0])]
    assert lines == [1, 2, 3, 7]
    assert topology.location.file.endswith("0.hcl")


def test_files_see_one_another(load_hcl):
    declared = load_hcl(
        'topology "p" {\n  role "web" {\n    size = local.size\n  }\n}',
        'locals {\n  size = "${var.prefix}.large"\n}',
        'variable "prefix" {\n  default = "m5"\n}',
    )
    assert declared.topology("p").role("web").size == "m5.large"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a${1 + 1}b"', "a2b"),
        ('"${true}"', True),
        ('"x${true}"', "xtrue"),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("6 / 2", 3),
        ("7 % 4", 3),
        ("-2 - -3", 1),
        ("1 <= 1 && 2 != 3 || false", True),
        ("!(1 == 1)", False),
        ('1 == "1"', False),
        ("true == 1", False),
        ("1 > 2 ? 3 : 4", 4),
        ("1e3", 1000),
        ('{ a = 1, "b c" : 2, (upper("d")) = 3, in = 4 }', {"a": 1, "b c": 2, "D": 3, "in": 4}),
        ("[1, 2][1]", 2),
        ("{ a = { b = [5] } }.a.b.0", 5),
        ("[for x in [1, 2, 3] : x * 2 if x != 2]", [2, 6]),
        ('[for i, x in ["a"] : "${i}${x}"]', ["0a"]),
        ("{ for k, v in { a = 1 } : upper(k) => v }", {"A": 1}),
        ('{ for x in ["a", "a"] : x => 1... }', {"a": [1, 1]}),
        ("[{ a = 1 }, { a = 2 }][*].a", [1, 2]),
        ('join("-", ["a", "b"])', "a-b"),
        ('concat([["a"], ["b"]]...)', ["a", "b"]),
        ("merge({ a = 1 }, { a = 2 })", {"a": 2}),
        ('lookup({}, "a", "b")', "b"),
        ('format("%s-%02d", "a", 3)', "a-03"),
        ('length("abc")', 3),
        ('cidrsubnet("10.0.0.0/8", 8, 2)', "10.2.0.0/16"),
        ('"\\"\\\\\\n\\t\\u00e9\\U0001F600"', '"\\\n\té😀'),
        ('"$${a} %%{b} $c 100%"', "${a} %{b} $c 100%"),
        ("<<EOT\n  a\n ${1 + 1}$${x}\nEOT\n", "  a\n 2${x}\n"),
        ('<<-EOT\n    a\n      ${"}"}\n\n    b\n  EOT\n', "a\n  }\n\nb\n"),
        ('"${join(",", ["a", "${"b"}"])}"', "a,b"),
    ],
)
def test_an_expression_has_its_value(expression, value, load_hcl):
    declared = load_hcl(
        f'locals {{\n  it = {expression}\n}}\ntopology "p" {{\n  role "w" {{\n    native "aws" {{\n'
        f"      it = local.it\n    }}\n  }}\n}}"
    )
    found = declared.topology().role("w").native["aws"]["it"]
    assert found == value
    assert type(found) is type(value)


def test_a_file_is_taken_from_the_folder_of_the_hcl(load_hcl, tmp_path):
    (tmp_path / "boot.sh").write_text("echo hello\n")
    declared = load_hcl('topology "p" {\n  role "w" {\n    user_data = file("boot.sh")\n  }\n}')
    assert declared.topology().role("w").user_data == "echo hello\n"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf#!/bin/sh\r\necho\r\n", b"#!/bin/sh\necho\n"])
@pytest.mark.parametrize("path", ["boot.sh", "~/boot.sh"])
def test_a_file_is_its_text_without_a_byte_order_mark(load_hcl, tmp_path, monkeypatch, path, content):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "boot.sh").write_bytes(content)
    declared = load_hcl(f'topology "p" {{\n  role "w" {{\n    user_data = file("{path}")\n  }}\n}}')
    assert declared.topology().role("w").user_data == "#!/bin/sh\necho\n"


@pytest.mark.parametrize("path", ["~nobody-here/boot.sh", "a\\u0000b"])
def test_a_path_that_leads_nowhere_is_an_error_of_its_line(load_hcl, path):
    with pytest.raises(DeclarationError, match="cannot be read"):
        load_hcl(f'topology "p" {{\n  role "w" {{\n    user_data = file("{path}")\n  }}\n}}')


def test_null_is_as_if_it_were_not_there(load_hcl):
    declared = load_hcl('topology "p" {\n  role "w" {\n    size = null\n  }\n}')
    assert declared.topology().role("w") == Role("w")


def test_a_number_may_be_zero_or_begin_with_zero_and_a_point(load_hcl):
    declared = load_hcl('topology "shop" {\n role "web" {\n  count = 0\n  tags = { a = 0.5 }\n }\n}')
    (web,) = declared.topologies[0].roles
    assert (web.count, web.tags) == (0, {"a": "0.5"})
