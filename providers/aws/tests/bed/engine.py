"""moto's EC2, called without its web server: parameters in, its own objects out.

moto's server spends most of its time in Flask, in parsing and in writing answers; all three are done here
by the official model, so that only moto's backends are left of it.
"""

import json
import os
from pathlib import Path
from typing import Any

from bed.errors import EC2Error
from portinfra.testing.emulator import Unserved

IMAGES = Path(__file__).with_name("images.json")

# moto reads these once, at import: its own 1,300 images cost a second and as many snapshots.
os.environ["MOTO_AMIS_PATH"] = str(IMAGES)
os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "true"

from moto.core.exceptions import ServiceException  # noqa: E402
from moto.core.model_instances import reset_model_data  # noqa: E402
from moto.core.responses import ActionResult  # noqa: E402
from moto.core.utils import camelcase_to_underscores  # noqa: E402
from moto.ec2.models import EC2Backend, ec2_backends  # noqa: E402
from moto.ec2.models.instance_types import InstanceTypeOfferingBackend  # noqa: E402
from moto.ec2.models.instances import InstanceBackend  # noqa: E402
from moto.ec2.models.tags import TagBackend  # noqa: E402
from moto.ec2.responses import EC2Response  # noqa: E402
from moto.moto_api._internal import mock_random  # noqa: E402
from werkzeug.exceptions import HTTPException  # noqa: E402

_ELSEWHERE = frozenset({"IamInstanceProfile"})
"""Parameters for which moto asks another of its services, which has nothing in it here."""

OWN_IMAGES = json.loads(IMAGES.read_text())

_all_tags = TagBackend.describe_tags


def _tags_of(self: TagBackend, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
    """moto looks at every tag of the region for the tags of one resource: a tenth of the cost of all else."""
    if filters is None or set(filters) != {"resource-id"} or len(filters["resource-id"]) != 1:
        found: list[dict[str, str]] = _all_tags(self, filters)
        return found
    id = filters["resource-id"][0]
    tags = self.tags.get(id, {})
    return [{"resource_id": id, "key": key, "value": value} for key, value in tags.items()]


def _reservations(self: InstanceBackend, filters: Any = None) -> list[Any]:
    """moto copies every reservation to find one instance; filters are never handed to it here."""
    return list(self.reservations.values())


TagBackend.describe_tags = _tags_of
InstanceBackend.all_reservations = _reservations
# moto goes through all machine types at every launch, and does nothing with what it finds
InstanceTypeOfferingBackend.matches_filters = lambda *_: True
# moto holds every group to 60 rules; the bed counts them against the account's quota
EC2Backend._verify_group_will_respect_rule_count_limit = lambda *_, **__: None


def backend(account: str, region: str) -> EC2Backend:
    """The books of one account in one region."""
    found: EC2Backend = ec2_backends[account][region]
    return found


def backends() -> list[tuple[str, str, EC2Backend]]:
    """Every account and region that anybody has used."""
    return [
        (account, region, found)
        for account, regions in sorted(ec2_backends.items())
        for region, found in sorted(regions.items())
    ]


def reset(seed: int = 0) -> None:
    """Forget everything; ids come in the same order again."""
    ec2_backends.clear()
    reset_model_data()  # moto remembers every object that it ever made
    mock_random.seed(seed)


def perform(action: str, params: dict[str, Any], account: str, region: str) -> Any:
    """Let moto do it. Raises EC2Error for what it refuses, Unserved for what it does not know."""
    response = EC2Response()
    response.params = {name: value for name, value in params.items() if name not in _ELSEWHERE}
    response.querystring = response.data = {}
    response.uri_match = {}
    response.body = ""
    response.region = region
    response.partition = "aws"
    response.current_account = account
    method = getattr(response, camelcase_to_underscores(action), None)
    if method is None:
        raise Unserved(f"moto has no {action}")
    try:
        result = method()
    except ServiceException as error:
        raise EC2Error(error.code, str(error.message)) from error
    except HTTPException as error:
        raise EC2Error(getattr(error, "error_type", "InvalidRequest"), str(error)) from error
    except NotImplementedError as error:
        raise Unserved(f"moto's {action} is not written: {error}") from error
    if not isinstance(result, ActionResult):
        raise Unserved(f"moto's {action} answers in text of its own")
    return result.result
