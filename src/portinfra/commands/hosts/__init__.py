"""`hosts`: the configuration files of hosts, and whether hosts have them."""
