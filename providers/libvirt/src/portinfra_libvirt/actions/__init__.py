"""What is done with a hypervisor: each action is one change, or one look at everything."""
