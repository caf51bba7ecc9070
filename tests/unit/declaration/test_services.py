"""Services in HCL are the services of Python, and a flow to one has neither target nor port."""

import pytest

from portinfra import Environment, Role, Service, Topology, allow
from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl
from portinfra.placement import place

HCL = """\
topology "shop" {
  delivery = "files"
  role "web" {}
  role "app" {
    service "payments" {
      tcp        = 8443
      local_port = 8002
      health     = "/health"
      tls        = "proxy"
      balance    = "leastconn"
    }
  }
  allow {
    from    = "web"
    service = "payments"
    why     = "orders"
  }
}
"""
CALL = """\
topology "shop" {{
  role "web" {{}}
  role "app" {{
    service "payments" {{
      tcp        = 8443
      local_port = 8002
    }}
  }}
  allow {{
    from = "web"
    why  = "orders"
    {0}
  }}
}}
"""


def test_both_languages_make_equal_values(load_hcl):
    payments = Service("payments", tcp=8443, local_port=8002, health="/health", balance="leastconn")
    roles = [Role("web"), Role("app", offers=payments)]
    topology = Topology("shop", roles, [allow("web", payments, why="orders")], delivery="files")
    assert load_hcl(HCL).topologies == (topology,)


def test_a_flow_to_a_service_is_written_without_target_and_port(load_hcl):
    loaded = load_hcl(HCL)
    (block,) = to_hcl(Declared(loaded.topologies)).split("allow {")[1:]
    assert block.split("}")[0].split() == [
        *("from", "=", '"web"'),
        *("service", "=", '"payments"'),
        *("why", "=", '"orders"'),
    ]


def test_a_service_opens_what_the_same_flow_with_target_and_port_opens(load_hcl):
    somewhere = Environment("test", on="fake:a")
    by_service = place(load_hcl(CALL.format('service = "payments"')).topologies[0], somewhere)
    by_port = place(load_hcl(CALL.format('to = "app"\n    tcp = 8443')).topologies[0], somewhere)
    assert by_service.resources == by_port.resources


def test_what_follows_from_a_service_is_not_written_beside_it(findings_of):
    found = findings_of(CALL.format('service = "payments"\n    to = "app"\n    tcp = 1\n    udp = 2'))
    assert found == [
        ("0.hcl", line, f"{name!r} follows from 'service', which is set, too. "
                        f"Remove {name}, or remove service.")
        for line, name in ((13, "to"), (14, "tcp"), (15, "udp"))
    ]  # fmt: skip


@pytest.mark.parametrize("empty", ['""', "null"])
def test_nothing_follows_from_an_empty_service(load_hcl, empty):
    ports = 'to = "app"\n    tcp = 8443'
    assert load_hcl(CALL.format(f"service = {empty}\n    {ports}")) == load_hcl(CALL.format(ports))


@pytest.mark.parametrize("empty", ['""', "null"])
def test_a_flow_whose_service_is_empty_and_that_has_no_target_says_so(findings_of, empty):
    found = findings_of(CALL.format(f"service = {empty}"))
    words = "'service' is empty, and there is no 'to'. Name a service, or add to = … in place of it."
    assert found == [("0.hcl", 12, words)]


def test_without_a_service_a_flow_needs_its_target(findings_of):
    ((_, _, words),) = findings_of(CALL.format("tcp = 8443"))
    assert words.startswith("allow needs 'to'")
