"""Where on Compute Engine the hosts are, and what they are made of."""

REGION = "europe-west1"
ZONES = ("europe-west1-b", "europe-west1-c", "europe-west1-d")
PROJECT = "portinfra-bed"
IMAGE_PROJECT, IMAGE_FAMILY = "debian-cloud", "debian-12"
MACHINE = "e2-small"
