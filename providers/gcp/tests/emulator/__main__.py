"""The bed in a process of its own: `python -m emulator [PORT]`. Tells its endpoint; ends with its input."""

from emulator.bed import Bed
from portinfra.testing.emulator import main

main(Bed())
