"""What is known of Google Cloud without asking it."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portinfra.errors import InvalidRequest
from portinfra.model.environment import Environment
from portinfra.provider.interface import PermissionPolicies
from portinfra_gcp import permissions
from portinfra_gcp.errors import NAME
from portinfra_gcp.published import CAPABILITIES, IMAGES, SIZES

if TYPE_CHECKING:
    from portinfra_gcp.provider import GcpProvider

_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


class GcpPlugin(PermissionPolicies):
    """Google Cloud: `gcp:europe-west1`."""

    name = NAME
    capabilities = CAPABILITIES
    sizes: Mapping[str, str] = SIZES
    images: tuple[str, ...] = tuple(IMAGES)
    native: Mapping[str, str] = {}

    def connect(self, environment: Environment) -> "GcpProvider":
        """The environment's project and region. Raises InvalidRequest for a region that is none, and
        PermissionDenied where there are no credentials or no project.
        """
        if not _REGION.fullmatch(environment.region):
            raise InvalidRequest(
                f"{environment.on!r} is no region of Google Cloud",
                provider=NAME,
                fix="Write gcp:europe-west1.",
            )
        from portinfra_gcp import credentials
        from portinfra_gcp.provider import GcpProvider
        from portinfra_gcp.transport import Transport

        found = credentials.source(environment.credentials)
        project = environment.credentials.get("account") or environment.account or found.project
        if not project:
            raise credentials.denied("it is not said which project this is", "Name it: account=PROJECT.")
        return GcpProvider(environment, Transport(project, found.token))

    def iam_policy(self) -> dict[str, Any]:
        """The least custom role that a topology needs, as `gcloud iam roles create --file` takes it."""
        return permissions.role()
