"""The bed in a process of its own: `python -m emulator [PORT]`. Tells its endpoint; ends with its input."""

import sys

from emulator.bed import Bed
from emulator.server import Server


def main() -> None:
    """Serve until whoever started this closes its end, or dies."""
    server = Server(Bed(), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    server.start()
    sys.stdout.write(f"{server.endpoint}\n")
    sys.stdout.flush()
    sys.stdin.read()


main()
