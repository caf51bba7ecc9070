"""Where on EC2 the hosts are, and what they are made of."""

REGION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
IMAGE_OWNER, IMAGE_NAME = "136693071363", "debian-12-amd64-*"
MACHINE = "t3.small"
