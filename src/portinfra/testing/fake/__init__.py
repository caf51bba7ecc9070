"""The simulator: a cloud with the difficult behaviour of real ones, and its provider.

cloud = FakeCloud()                        # in memory; FakeCloud(SqliteStore("fakecloud.db")) in a file
provider = FakePlugin(cloud).connect(Environment("production", on="fake:us-east-1"))
cloud.ground_truth()                       # everything that exists, from the cloud's own memory
"""

from portinfra.testing.fake.cloud import FakeCloud
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.plugin import FakePlugin
from portinfra.testing.fake.provider import FakeProvider, capabilities_of
from portinfra.testing.fake.shapes import AWS, GCP, LIBVIRT, NAME, SHAPES, Shape
from portinfra.testing.fake.sqlite_store import SqliteStore
from portinfra.testing.fake.store import MemoryStore

plugin: FakePlugin = FakePlugin()

__all__ = [
    "AWS",
    "GCP",
    "LIBVIRT",
    "NAME",
    "SHAPES",
    "FakeCloud",
    "FakeError",
    "FakePlugin",
    "FakeProvider",
    "MemoryStore",
    "Shape",
    "SqliteStore",
    "capabilities_of",
    "plugin",
]
