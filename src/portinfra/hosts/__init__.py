"""The hosts of a topology: their configuration files, and inventories for other tools. It reads nothing."""
