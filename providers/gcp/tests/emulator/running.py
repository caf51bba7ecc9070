"""Two ways to run the bed: in a thread of the test, or in a process that outlives whatever a test kills."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import define

from emulator.identities import PROJECT, TOKEN
from portinfra.testing import emulator as base

if TYPE_CHECKING:
    from emulator.bed import Bed

    Local = base.Local[Bed]
else:
    Local = base.Local


def environment(endpoint: str, project: str = PROJECT, token: str = TOKEN) -> dict[str, str]:
    """What a client needs, in the variables that Google's own tools and libraries read.

    google-auth finds its metadata server here, once, when it is first imported; gcloud and Terraform the
    token itself. `accounts.key_file` is for a process that sees several beds.
    """
    place = urlsplit(endpoint).netloc
    return {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{endpoint}/compute/v1/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": f"{endpoint}/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER": f"{endpoint}/",
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_AUTH_ACCESS_TOKEN": token,
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_OAUTH_ACCESS_TOKEN": token,
        "GCE_METADATA_HOST": place,
        "GCE_METADATA_ROOT": place,
        "GCE_METADATA_IP": place,
    }


VARIABLES = tuple(environment(""))
"""Their names."""


@contextmanager
def in_thread(**settings: Any) -> Iterator["Local"]:
    """A bed in a thread, with settings by name."""
    from emulator.bed import Bed
    from emulator.settings import Settings

    with base.in_thread(Bed(Settings(**settings)), environment) as local:
        yield local


@define
class RemoteBed(base.RemoteBed):
    """The verbs of `Bed`, over HTTP."""

    def ground_truth(self, project: str | None = None, without: Collection[str] = ()) -> list[str]:
        """Everything that exists, by the bed's own word."""
        lines: list[str] = self.ask("ground_truth", project=project, without=list(without))
        return lines


Remote = base.Remote[RemoteBed]


def in_process() -> AbstractContextManager[Remote]:
    """A bed in a process of its own, which ends with this one at the latest."""
    return base.in_process("emulator", environment, path=Path(__file__).parents[1], handle=RemoteBed)
