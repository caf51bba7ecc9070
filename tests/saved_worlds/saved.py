"""Saved worlds: one file for each version and provider, with all that the tests of later versions need."""

import importlib
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from attrs import frozen
from found import find
from story import Beginning, tell

from portinfra.recovery.evidence import evidence_document
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.evidence import sign, signing_key
from portinfra.version import VERSION

FOLDER = Path(__file__).parent


@frozen
class World:
    """How the worlds of one provider are made and read."""

    module: str
    """The module that has `begin` and `load`. It is imported when it is needed: it may need more packages."""
    arguments: tuple[str, ...] = ()
    """What both take besides."""

    def begin(self) -> AbstractContextManager[Beginning]:
        """Connect to an empty world while it lasts."""
        return self._module.begin(*self.arguments)  # type: ignore[no-any-return]

    def load(self, saved: Any) -> AbstractContextManager[Recovery]:
        """Connect to a saved world while it lasts; yields the recovery that it is for."""
        return self._module.load(saved, *self.arguments)  # type: ignore[no-any-return]

    @property
    def _module(self) -> Any:
        return importlib.import_module(self.module)


WORLDS = {
    **{f"fake-{shape}": World("simulator_world", (shape,)) for shape in ("aws", "gcp", "libvirt", "name")},
    "aws": World("aws_world"),
    "gcp": World("gcp_world"),
    "libvirt": World("libvirt_world"),
}


def save(name: str) -> tuple[Path, dict[str, Any]]:
    """Make a world and return its file, with what belongs in it."""
    world = WORLDS[name]
    with world.begin() as (about, dump):
        evidence = tell(about)
        saved = dump()
    key = signing_key(Path(os.environ["PORTINFRA_HOME"]) / "key.pem")
    public = (Path(os.environ["PORTINFRA_HOME"]) / "key.pub").read_text()
    with world.load(saved) as about:
        found = find(about)
    return FOLDER / VERSION / f"{name}.json", {
        "evidence": [sign(evidence_document(each), key) for each in evidence],
        "found": found,
        "public_key": public,
        "world": saved,
    }
