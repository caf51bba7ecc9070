"""The same platform in files, for two tools: `python declarations.py HOSTS FOLDER`.

Writes `portinfra/growth.hcl`, and for Terraform `for_each/main.tf` (a block for each kind) and
`blocks/main.tf` (a block for each resource). Prints how many resources they declare.
"""

import sys
from pathlib import Path

from as_terraform import blocks, for_each
from topology import PRODUCTION, ROLES, VOLUMES, platform

from portinfra import place
from portinfra.declaration.declared import Declared
from portinfra.declaration.hcl.write import to_hcl


def main(hosts: int, folder: Path) -> None:
    """Write all of them."""
    topology = platform(hosts, volumes=1)
    resources = place(topology, PRODUCTION)
    texts = {
        "portinfra/growth.hcl": to_hcl(Declared((topology,), (PRODUCTION,))),
        "for_each/main.tf": for_each(list(ROLES), list(VOLUMES[:1]), hosts // len(ROLES)),
        "blocks/main.tf": blocks(resources),
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(len(resources.resources))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
