"""A world of libvirt: the XML of two sites of one hypervisor each.

It is made on real hypervisors, and read without any: in place of connections stand the texts.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import libvirt
from attrs import define
from saved_hypervisor import SavedHypervisor, save
from story import Beginning, plan_recovery

from portinfra import Environment
from portinfra.recovery.recovery import Recovery
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra_libvirt.sites import FILE

SITES = ("east", "west")

_FILE = """\
site "{name}" {{
  account = "{name}"
  bridge = "site0"
  virt_type = "qemu"
  shutdown_seconds = 0
  zone "a" {{ uri = "{uri}" }}
  key "payments" {{ command = ["echo", "open sesame"] }}
}}
"""


def _about() -> Recovery:
    """Return a recovery between two sites."""
    return plan_recovery(
        Environment("production", on="libvirt:east", account="east", zones=("a",), key="payments"),
        Environment(
            "recovery", on="libvirt:west", account="west", zones=("a",), key="payments", cidr="10.20.0.0/16"
        ),
    )


@contextmanager
def begin() -> Iterator[Beginning]:
    """Start two empty hypervisors while it lasts."""
    from hypervisors.site import site

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = {name: stack.enter_context(site(name, folder / name, zones=("a",))) for name in SITES}
        uris = {name: each.zones["a"].uri for name, each in running.items()}
        stack.enter_context(_sites(uris))
        yield _about(), lambda: {name: _saved(uri) for name, uri in uris.items()} | {"now": time.time()}


@contextmanager
def load(saved: Any) -> Iterator[Recovery]:
    """Let saved hypervisors answer while it lasts."""
    uris = {name: f"qemu+ssh://{name}.invalid/system" for name in SITES}
    there = {uris[name]: SavedHypervisor(saved[name]) for name in SITES}
    with (
        _sites(uris),
        mock.patch.object(libvirt, "open", there.__getitem__),
        wrap_calls("libvirt", pass_through, clock=SavedClock(saved["now"])),
    ):
        yield _about()


@define
class SavedClock:
    """The moment of saving, and what was slept since."""

    moment: float
    virtual: bool = True

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self.moment

    def sleep_until(self, moment: float) -> None:
        """Go on to that moment."""
        self.moment = max(self.moment, moment)


def _saved(uri: str) -> dict[str, Any]:
    with closing(libvirt.open(uri)) as connection:
        return save(connection)


@contextmanager
def _sites(uris: dict[str, str]) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sites.hcl"
        file.write_text("".join(_FILE.format(name=name, uri=uri) for name, uri in uris.items()))
        with mock.patch.dict("os.environ", {FILE: str(file)}):
            yield
