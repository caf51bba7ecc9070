"""What ties a declaration to one provider."""

from portinfra import Environment, RecoveryPlan, Role, Topology, Vault
from portinfra.portability.lockin import ties

HERE = Environment("here", on="aws:us-east-1")
SHOP = Topology("shop", [Role("web", native={"aws": {"instance_profile": "web"}})])
VAULT = Vault("vault:shop", "203.0.113.7:22", "s", "r", native={"aws": {"instance_profile": "helper"}})
PLAN = RecoveryPlan("shop", HERE, "there", "4h", "1h", [["web"]], vault=VAULT)


def test_native_options_of_roles_and_of_helpers_are_named_with_what_they_do():
    native = {"aws": {"instance_profile": "what programs on the host may do"}}
    found = {tie.subject: tie for tie in ties(SHOP, [HERE], native, [PLAN])}
    for subject, value in (("role.web", "web"), ("recovery.shop.vault", "helper")):
        tie = found[f"{subject}.native.instance_profile"]
        assert (tie.provider, tie.value, tie.meaning) == ("aws", value, "what programs on the host may do")
        assert tie.location.file == __file__
