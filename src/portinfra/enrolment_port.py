"""The TCP port of the host that signs certificates: EST and Puppet Server both use it."""

ENROLMENT_PORT = 8140
