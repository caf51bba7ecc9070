"""A plan says in a line which traffic opens, moves to another port, or closes."""

from portinfra import INTERNET, Environment, Role, Topology, allow, apply, plan
from portinfra.render.plan_report import report
from portinfra.testing.simulation import simulate

ENVIRONMENT = Environment("demo", on="fake:us-east-1")
ROLES = [Role("web", count=1, public="customers"), Role("db", count=1)]


def shop(*flows):
    return Topology("shop", ROLES, list(flows))


def orders(port):
    return allow("web", "db", tcp=port, why="orders")


def flow_lines(before, after):
    """Return the lines about traffic of a plan from one topology to the next."""
    with simulate():
        apply(plan(before, ENVIRONMENT))
        return set(report(plan(after, ENVIRONMENT)).flows)


def test_new_traffic_is_opened():
    visits = allow(INTERNET, "web", tcp=443, why="visits")
    assert flow_lines(shop(), shop(orders(5432), visits)) == {
        "web → db tcp 5432, opened",
        "internet → web tcp 443, opened",
    }


def test_another_port_has_both_ports_in_one_line():
    (line,) = flow_lines(shop(orders(5432)), shop(orders(5433)))
    assert line.startswith("web → db tcp 5432 → 5433")


def test_traffic_that_nothing_allows_any_more_is_closed():
    assert flow_lines(shop(orders(5432)), shop()) == {"web → db tcp 5432, closed"}


def test_what_stays_has_no_line():
    assert flow_lines(shop(orders(5432)), shop(orders(5432))) == set()
