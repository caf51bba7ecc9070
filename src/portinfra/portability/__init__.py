"""What a declaration needs before it runs on another provider. Pure: it reads nothing."""
