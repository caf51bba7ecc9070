"""Health checks: small global resources that cost nothing.

https://cloud.google.com/load-balancing/docs/health-checks
"""

from typing import Any

from emulator.call import Call, making, serves
from emulator.engine import change, steady
from emulator.errors import invalid

_PORTS = {"TCP": ("tcpHealthCheck", 80), "HTTP": ("httpHealthCheck", 80), "HTTPS": ("httpsHealthCheck", 443)}


@making("healthChecks")
def has_a_protocol(call: Call, body: dict[str, Any]) -> None:
    """Completes a check, or refuses it."""
    kind = body.get("type", "")
    if kind not in _PORTS:
        raise invalid("resource.type", kind, f"Must be one of: {', '.join(_PORTS)}")
    name, port = _PORTS[kind]
    for other, _ in _PORTS.values():
        if other != name and body.get(other):
            raise invalid(f"resource.{other}", "", f"Only {name} can be set on a check of type {kind}.")
    detail = body.setdefault(name, {})
    detail.setdefault("port", port)
    detail.setdefault("proxyHeader", "NONE")
    for field, usual in (
        ("checkIntervalSec", 5),
        ("timeoutSec", 5),
        ("unhealthyThreshold", 2),
        ("healthyThreshold", 2),
    ):
        body.setdefault(field, usual)
    if body["timeoutSec"] > body["checkIntervalSec"]:
        raise invalid("resource.timeoutSec", body["timeoutSec"], "Must not exceed checkIntervalSec.")


@serves("healthChecks.patch", "healthChecks.update")
def patch(call: Call) -> dict[str, Any]:
    """PATCH replaces the fields that it names, PUT all."""
    check = steady(call.target())
    kept = ("kind", "id", "creationTimestamp", "selfLink", "name")
    wanted = dict(check.body)
    if call.method.action == "update":
        wanted = {name: wanted[name] for name in kept}
    given = dict(call.body)
    if given.get("name", check.name) != check.name:
        raise invalid("resource.name", given["name"], "The field cannot be changed.")
    wanted.update(given)
    for name in call.nulls:
        wanted.pop(name, None)
    has_a_protocol(call, wanted)

    def act() -> None:
        check.body.clear()
        check.body.update(wanted)

    return change(call, act)
