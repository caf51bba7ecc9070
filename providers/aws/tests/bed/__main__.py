"""The bed in a process of its own: `python -m bed [PORT]`. Tells its endpoint; ends with standard input."""

from bed.bed import Bed
from portinfra.testing.emulator import main

main(Bed())
