"""The hosts of a topology: the files on them, and lists of them for other tools. Pure: it reads nothing."""
