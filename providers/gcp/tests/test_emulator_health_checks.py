"""Health checks: small global resources with a unique name and room for text."""

import pytest

from emulator import Local
from emulator.hand import Hand, refused

CHECK = {"name": "h", "type_": "TCP", "description": "seven"}


def test_a_health_check_is_made_changed_and_deleted(gce: Local, hand: Hand) -> None:
    hand.do("HealthChecks", "insert", health_check_resource=CHECK)
    with refused(409):
        hand.do("HealthChecks", "insert", health_check_resource=CHECK)
    told = hand.ask("HealthChecks", "get", health_check="h")
    assert (told.description, told.tcp_health_check.port, told.check_interval_sec) == ("seven", 80, 5)
    hand.do("HealthChecks", "patch", health_check="h", health_check_resource={"description": "eight"})
    assert gce.bed.ground_truth() == ["health-check h TCP {} eight @portinfra-bed"]
    whole = {"name": "h", "type_": "HTTP", "http_health_check": {"port": 8080}}
    hand.do("HealthChecks", "update", health_check="h", health_check_resource=whole)
    told = hand.ask("HealthChecks", "get", health_check="h")
    assert (told.description, told.http_health_check.port, "tcp_health_check" in told) == ("", 8080, False)
    assert [each.name for each in hand.ask("HealthChecks", "list")] == ["h"]
    with refused(400, "cannot be changed"):
        hand.do("HealthChecks", "patch", health_check="h", health_check_resource={"name": "g"})
    hand.do("HealthChecks", "delete", health_check="h")
    assert gce.bed.ground_truth() == []


@pytest.mark.parametrize(
    "more", [{"type_": ""}, {"http_health_check": {"port": 80}}, {"timeout_sec": 9, "check_interval_sec": 5}]
)
def test_a_health_check_whose_fields_do_not_go_together_is_refused(
    hand: Hand, more: dict[str, object]
) -> None:
    with refused(400):
        hand.do("HealthChecks", "insert", health_check_resource={**CHECK, **more})
