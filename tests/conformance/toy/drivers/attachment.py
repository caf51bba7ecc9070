from portinfra.model.resources import Attachment

from .common import ToyDriver


class AttachmentDriver(ToyDriver[Attachment]):
    spec = Attachment
    collection = "attachments"
    fields = (("instance", "server"), ("volume", "disk"), ("device", "serial"))
    replaces = frozenset({"instance", "volume", "device"})
    holds = frozenset({"instance", "volume"})
