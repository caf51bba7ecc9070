"""A client of the simulator for its own tests: requests with what each kind needs filled in."""

from portinfra.testing.fake import AWS, FakeCloud, FakeError

REGION = "us-east-1"
ACCOUNT = "111122223333"


class Client:
    """One account in one region."""

    def __init__(self, cloud=None, shape=AWS, account=ACCOUNT, region=REGION):
        self.cloud = cloud or FakeCloud(shape=shape)
        self.account, self.region = account, region

    def __call__(self, action, **given):
        return self.cloud.request(self.account, self.region, action, given)

    def make(self, action, name, **given):
        return self(action, name=name, **given)["record"]["id"]

    def network(self, name="n", **given):
        return self.make("CreateNetwork", name, **{"cidr": "10.0.0.0/16", **given})

    def subnet(self, network, name="s", **given):
        filled = {"cidr": "10.0.0.0/24", "zone": "us-east-1a", "public": False, **given}
        return self.make("CreateSubnet", name, network=network, **filled)

    def firewall(self, network, name="f"):
        return self.make("CreateFirewall", name, network=network)

    def instance(self, subnet, firewall, name="i", **given):
        filled = {
            "zone": "us-east-1a",
            "private_address": "10.0.0.4",
            "machine_type": "f1.small",
            "image_id": "debian-12-v3",
            "disk_gib": 20,
            "key": "",
            "native": {},
            "ssh_keys": [],
            "user_data": "",
        }
        return self.make("CreateInstance", name, subnet=subnet, firewall=firewall, **{**filled, **given})

    def volume(self, name="v", **given):
        filled = {"zone": "us-east-1a", "gib": 10, "key": "", "snapshot": "", **given}
        return self.make("CreateVolume", name, **filled)

    def host(self):
        """A network with one instance that runs: the ids of network, subnet, firewall, instance."""
        network = self.network()
        subnet, firewall = self.subnet(network), self.firewall(network)
        instance = self.instance(subnet, firewall)
        self.wait(60)
        return network, subnet, firewall, instance

    def wait(self, seconds):
        self.cloud.clock.sleep_until(self.cloud.clock.now() + seconds)

    def listed(self, plural):
        """Every record of a list, by id; all pages."""
        found, after = {}, ""
        while True:
            page = self(f"List{plural}", after=after)
            found |= {record["id"]: record for record in page["records"]}
            if "next" not in page:
                return found
            after = page["next"]

    def refused(self, action, **given):
        """The code with which a request is refused."""
        try:
            self(action, **given)
        except FakeError as error:
            return error.code
        return "accepted"
