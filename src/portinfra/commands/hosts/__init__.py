"""`hosts`: the files of hosts, and whether hosts have them."""
