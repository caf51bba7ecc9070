"""The command line: one file for each command, which parses options, calls a verb and prints by `render`."""
