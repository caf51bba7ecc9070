from typing import Any

from portinfra.model.address import Address
from portinfra.model.resources import Volume
from portinfra.provider.interface import Refs

from .common import ToyDriver, id_of


class VolumeDriver(ToyDriver[Volume]):
    spec = Volume
    collection = "disks"
    fields = (("gib", "gib"), ("zone", "zone"))
    replaces = frozenset({"zone", "key"})

    def birth(self, want: Volume, refs: Refs) -> dict[str, Any]:
        """The source is a snapshot's address or id."""
        return {"snapshot": id_of(refs, Address(want.source)) or want.source} if want.source else {}
