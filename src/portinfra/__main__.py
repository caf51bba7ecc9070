"""Run the program `portinfra` as `python -m portinfra`."""

from portinfra.commands.main import main

main()
