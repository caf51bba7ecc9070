"""A property test of your own topology: with any counts, every service survives the loss of any zone.

    pytest examples/property_test.py

Everything runs on the built-in cloud in memory: no account, no file, no waiting.
"""

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from portinfra import INTERNET, Environment, Role, Topology, allow
from portinfra.testing.simulation import apply_and_check, simulate

SHOP = Topology(
    "shop",
    roles=[Role("web", public="customers"), Role("db", size="large")],
    flows=[
        allow(INTERNET, "web", tcp=443, why="customers"),
        allow("web", "db", tcp=5432, why="orders"),
    ],
)
PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")


@settings(max_examples=20, deadline=None)
@given(web=st.integers(3, 12), db=st.integers(3, 12))
def test_every_service_survives_the_loss_of_any_zone(web, db):
    shop = SHOP.with_role(evolve(SHOP.role("web"), count=web)).with_role(evolve(SHOP.role("db"), count=db))
    with simulate() as cloud:  # a new one for each example
        assert apply_and_check(shop, PRODUCTION).succeeded
        hosts = [record for record in cloud.ground_truth() if record["kind"] == "instance"]
    for role in ("web", "db"):
        serving = [host for host in hosts if f"-{role}" in host["name"]]
        for lost in {host["zone"] for host in serving}:
            assert [host for host in serving if host["zone"] != lost]
