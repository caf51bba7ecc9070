"""The command line. Each command has one file: it parses options, calls a verb and prints by `render`."""
