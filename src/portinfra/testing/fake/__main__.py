"""The console of the simulator, for changes by hand that portinfra does not know.

    python -m portinfra.testing.fake 111122223333 us-east-1 StopInstance id=instance/web1

It takes an account, a region, an action and its parameters. A value is JSON or text. `KIND/NAME` finds a
resource by the end of its name.
"""

import json
import re
import sys
from typing import Any

from portinfra.errors import PortinfraError
from portinfra.format import suggestion
from portinfra.model.environment import Environment
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.parameters import OWNED, check_action
from portinfra.testing.fake.plugin import FakePlugin
from portinfra.testing.fake.provider import FakeProvider

SETTLING_SECONDS = 60.0
"""The seconds that pass after each request, since time moves only by sleeps: then lists show the change."""


def main(arguments: list[str]) -> int:
    """Make one request and print its answer. Return 0 if done, 1 if refused, 2 for bad usage."""
    if len(arguments) < 3 or any("=" not in pair for pair in arguments[3:]):
        sys.stderr.write(__doc__ or "")
        return 2
    account, region, action, *pairs = arguments
    try:
        provider = FakePlugin().connect(Environment("console", on=f"fake:{region}", account=account))
    except PortinfraError as error:
        sys.stderr.write(f"{error}\n  {error.fix}\n")
        return 1
    try:
        check_action(action)
        parameters = {
            name: _value(text, provider) for name, _, text in (pair.partition("=") for pair in pairs)
        }
        answer = provider.cloud.request(account, region, action, parameters)
        provider.clock.sleep_until(provider.clock.now() + SETTLING_SECONDS)
    except FakeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        provider.close()
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return 0


def _value(text: str, provider: FakeProvider) -> Any:
    kind, slash, name = text.partition("/")
    if slash and re.fullmatch(r"[a-z-]+", kind):
        return _find(kind, name, provider)
    try:
        return json.loads(text)
    except ValueError as error:
        if text.startswith(("[", "{")):
            raise FakeError("InvalidRequest", f"{text!r} is not JSON: {error}") from error
        return text


def _find(kind: str, name: str, provider: FakeProvider) -> str:
    if kind not in OWNED:
        raise FakeError("InvalidRequest", f"there is no kind {kind!r}. {suggestion(kind, OWNED, '')}")
    ending = re.compile(rf"(.*-)?{re.escape(name)}-[0-9a-f]{{8}}")
    names = []
    for record in provider.cloud.ground_truth(provider.account, provider.region):
        if record["kind"] == kind:
            if ending.fullmatch(record["name"]):
                return str(record["id"])
            names.append(re.sub(r"-[0-9a-f]{8}$", "", record["name"]))
    known = suggestion(name, names, f"{provider.account} has none in {provider.region}.")
    raise FakeError("NotFound", f"there is no {kind} {name!r}. {known}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
