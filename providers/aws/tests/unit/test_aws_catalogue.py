"""What a region offers: zones in an order that all accounts share, the newest images of their true owners."""

from attrs import evolve

from portinfra.model.catalogue import Quota
from portinfra.model.environment import Environment
from portinfra_aws import actions, catalogue, rates
from portinfra_aws.provider import AwsProvider
from portinfra_aws.published import IMAGES, SIZES, STORAGE, VCPUS, machine, runs_images, takes_standard_vcpus

ENVIRONMENT = Environment("production", on="aws:us-east-1")
DEBIAN = "136693071363"


VALUES = {"L-1216C47A": 32.0, "L-7A658B76": 50.0, "L-0EA8095F": 120.0}


def image(id, name, created, owner=DEBIAN, root="/dev/xvda"):
    return {
        "imageId": id,
        "name": name,
        "creationDate": created,
        "imageOwnerId": owner,
        "rootDeviceName": root,
    }


def zone(name, id, kind="availability-zone"):
    return {"zoneName": name, "zoneId": id, "zoneType": kind}


OFFERED = [("t3.small", "us-east-1a"), ("t3.small", "us-east-1b"), ("m6i.xlarge", "us-east-1a")]
ZONES = [
    zone("us-east-1a", "use1-az6"),
    zone("us-east-1b", "use1-az1"),
    zone("us-east-1-bos-1a", "use1-bos1-az1", "local-zone"),
]


def assembled(images=(), environment=ENVIRONMENT, zones=ZONES, addresses=0, service_quotas=True):
    limit = {
        "attributeName": "vpc-max-elastic-ips",
        "attributeValueSet": [{"attributeValue": "5"}],
    }
    told = {
        "DescribeAccountAttributes": {"accountAttributeSet": [limit]},
        "DescribeAddresses": {"addressesSet": [{"allocationId": f"eipalloc-{n}"} for n in range(addresses)]},
        "GetCallerIdentity": {"Account": "123456789012"},
        "DescribeImages": {"imagesSet": list(images)},
        "DescribeInstanceTypeOfferings": {
            "instanceTypeOfferingSet": [{"instanceType": t, "location": z} for t, z in OFFERED]
        },
        "DescribeAvailabilityZones": {"availabilityZoneInfo": zones},
    }
    answers = {}
    for call in catalogue.calls(environment):
        if not call.optional:
            answers[call] = [told[call.action]]
        elif service_quotas:
            code = call.parameters["QuotaCode"]
            answers[call] = [{"Quota": {"QuotaCode": code, "Value": VALUES[code]}}]
    return catalogue.assemble(environment, answers)


def test_zones_come_in_the_order_of_their_ids_which_all_accounts_share():
    found = assembled()
    assert [each.name for each in found.zones] == ["us-east-1b", "us-east-1a"]
    assert [each.id for each in found.zones] == ["use1-az1", "use1-az6"]
    assert found.account == "123456789012"


def test_all_elastic_addresses_of_the_account_count_towards_its_quota():
    assert assembled(addresses=3).quotas[0] == Quota("public-address", 5, 3)


def test_of_processors_and_storage_only_the_limit_is_told_if_it_may_be_read():
    assert assembled().quotas[1:] == (Quota(VCPUS, 32, None), Quota(STORAGE, 50 * 1024, None))
    unread = assembled(service_quotas=False).quotas[1:]
    assert unread == (Quota(VCPUS, None, None), Quota(STORAGE, None, None))
    assert (assembled().rules_max, assembled(service_quotas=False).rules_max) == (120, None)


def test_the_quota_of_standard_families_is_for_these_alone():
    assert all(map(takes_standard_vcpus, ("t3.small", "m7i-flex.large", "im4gn.large", "z1d.large")))
    assert not any(map(takes_standard_vcpus, ("g5.xlarge", "inf1.xlarge", "mac1.metal", "x2idn.16xlarge")))


def test_a_zone_that_offers_none_of_the_machine_types_is_a_zone_all_the_same():
    declared = evolve(ENVIRONMENT, zones=("us-east-1c",))
    told = [*ZONES, zone("us-east-1c", "use1-az2")]
    assert "us-east-1c" in {each.name for each in assembled(environment=declared, zones=told).zones}


def test_machine_types_of_another_architecture_than_the_images_are_not_offered():
    roles = {"web": {"size": "t4g.small"}, "app": {"size": "g5.xlarge"}}
    calls = catalogue.calls(evolve(ENVIRONMENT, roles=roles))
    asked = next(c for c in calls if c.action == "DescribeInstanceTypeOfferings").parameters["Filter"][0]
    assert "g5.xlarge" in asked["Value"]
    assert "t4g.small" not in asked["Value"]
    assert not any(runs_images(name) for name in ("a1.large", "m7g.medium", "c6gn.xlarge", "im4gn.large"))
    assert all(runs_images(name) for name in ("g4dn.xlarge", "g5.xlarge", "m7i.large", "m7i-flex.large"))


def test_the_newest_image_of_its_true_owner_is_taken():
    found = assembled(
        [
            image("ami-old", "debian-12-amd64-20250101-1", "2025-01-01T00:00:00.000Z"),
            image("ami-new", "debian-12-amd64-20260101-1", "2026-01-01T00:00:00.000Z"),
            image("ami-evil", "debian-12-amd64-20270101-1", "2027-01-01T00:00:00.000Z", owner="666"),
            image("ami-root", "debian-12-amd64-20280101-1", "2028-01-01T00:00:00.000Z", root="/dev/sda1"),
            image("ami-arm", "debian-12-arm64-20290101-1", "2029-01-01T00:00:00.000Z"),
        ]
    )
    assert found.images == {"debian-12": "ami-new"}


def test_machine_types_are_offered_by_zone():
    found = assembled().machine_types
    assert found["t3.small"].zones == {"us-east-1a", "us-east-1b"}
    assert found["m6i.xlarge"].zones == {"us-east-1a"}
    assert (found["m6i.xlarge"].vcpus, found["m6i.xlarge"].memory_gib) == (4, 16.0)


def test_a_machine_type_that_the_environment_names_is_looked_up_too():
    named = evolve(ENVIRONMENT, roles={"db": {"size": "x2iedn.xlarge"}})
    (offerings,) = [c for c in catalogue.calls(named) if c.action == "DescribeInstanceTypeOfferings"]
    assert "x2iedn.xlarge" in offerings.parameters["Filter"][0]["Value"]


def test_published_sizes_grow():
    sizes = [machine(SIZES[name]) for name in ("small", "medium", "large", "xlarge")]
    assert sizes == sorted(sizes)
    assert all(cpus and memory for cpus, memory in sizes)


def test_every_image_is_of_a_named_owner():
    assert all(len(each.owner) == 12 and each.owner.isdigit() for each in IMAGES.values())


def test_every_action_has_the_rate_that_ec2_publishes():
    found = rates.published_rates(actions.ALL)
    assert (found["RunInstances"].bucket, found["RunInstances"].per_second) == (5, 2)
    assert (found["RunInstances instances"].bucket, found["RunInstances instances"].per_second) == (1000, 2)
    assert (found["CreateTags"].bucket, found["CreateTags"].per_second) == (100, 10)
    assert (found["CreateSubnet"].bucket, found["CreateSubnet"].per_second) == (50, 5)
    assert set(actions.ALL) <= set(found)


def test_the_principal_is_the_arn_of_the_caller():
    arn = "arn:aws:sts::123456789012:assumed-role/operator/ada"
    (identity,) = AwsProvider(ENVIRONMENT, None).account_calls()
    answers = {identity: [{"Account": "123456789012", "Arn": arn}]}
    assert AwsProvider(ENVIRONMENT, None).principal_of(answers) == arn
