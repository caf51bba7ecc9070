"""The reference platform: a payment service as its auditors want it, in two clouds.

Seventeen roles, each alone on its servers and in its subnets (R2, R3), three servers in three zones unless
declared otherwise (R6). Only the flows below open traffic, and each has its reason (R18). Try it without an
account:

    python examples/payments.py plan production --on fake:us-east-1
"""

from portinfra import (
    INTERNET,
    DataPolicy,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Service,
    Topology,
    Vault,
    Volume,
    allow,
    cli,
)

# What roles offer to one another (R7): `tcp` on the servers; on every host that calls it, HAProxy has the
# `local_port` of 127.0.0.1, prefers servers of its own zone, and speaks TLS to them (R11, R17). So an
# application knows one local port for each service, and each port is written here and nowhere else.
pages = Service("pages", tcp=8443, local_port=8001, health="/health")
payment_api = Service("payments", tcp=8443, local_port=8002, health="/health")
sessions = Service("cache", tcp=6380, local_port=8003, balance="leastconn")
authorisations = Service("authorisations", tcp=8443, local_port=8006, health="/health")
messages = Service("queue", tcp=5671, local_port=8007, balance="leastconn")
# Only the primary of a store answers 200 here (Patroni's interface): no client reaches a replica.
ledger = Service(
    "ledger", tcp=5432, local_port=8004, health="/primary", health_port=8008, balance="leastconn"
)
cards = Service("cards", tcp=5432, local_port=8005, health="/primary", health_port=8008, balance="leastconn")
card_network = Service("card-network", tcp=3128, local_port=8011)
mail = Service("mail", tcp=3128, local_port=8012)
distribution = Service("distribution", tcp=3128, local_port=8013)
log_lines = Service("logs", tcp=6514, local_port=8021, balance="leastconn")

# The DMZ: the only servers that the internet can reach, or that can reach it (R4). Each says why.
vpn = Role("vpn", public="administrators' way in")
frontend = Role("frontend", size="medium", public="customers")

# Egress proxies, one per use case, each with its own short list of host names (R5).
NOT_DRILLED = {"check/service-without-probe": "a drill has no way out"}
proxy_card = Role("proxy-card", public="calls the card network", offers=card_network, waive=NOT_DRILLED)
proxy_mail = Role("proxy-mail", public="calls the mail service", offers=mail, waive=NOT_DRILLED)
proxy_packages = Role(
    "proxy-packages", public="calls the distribution's mirrors", offers=distribution, waive=NOT_DRILLED
)

# The service itself. Two application servers a zone: app1 and app4, app2 and app5, app3 and app6 (R6).
# portinfra calls `ready` for each web server before it replaces the next one. Put your own check there: does
# the page answer? The simulator runs no software, so this one reads what portinfra knows of the server.
RUNS = 'grep -q \'"power": "running"\' "$PORTINFRA_INVENTORY"'
web = Role("web", size="medium", offers=pages, ready=RUNS)
app = Role("app", count=6, size="medium", offers=payment_api)
middleware = Role("middleware", size="medium", offers=authorisations)

# The stores. Disks are always encrypted (R17). With real data, add `deletion_protection=True`.
cache = Role("cache", size="medium", offers=sessions)
queue = Role("queue", offers=messages, volumes=[Volume("queue", gib=50, mount="/var/lib/rabbitmq")])
ledger_db = Role(
    "ledger-db", size="large", offers=ledger, volumes=[Volume("data", gib=200, mount="/var/lib/postgresql")]
)
cards_db = Role(
    "cards-db", size="large", offers=cards, volumes=[Volume("data", gib=100, mount="/var/lib/postgresql")]
)

# Operations (R9, R10, R13, R19, R25).
bastion = Role(
    "bastion", count=1, waive={"check/fewer-than-three": "holds nothing: another is made in minutes"}
)
logs = Role(
    "logs", size="medium", offers=log_lines, volumes=[Volume("logs", gib=500, mount="/var/log/central")]
)
monitoring = Role("monitoring", volumes=[Volume("metrics", gib=100, mount="/var/lib/prometheus")])
config = Role(
    "config",
    count=1,
    waive={"check/fewer-than-three": "one certificate authority; hosts go on while it is away"},
)
mirror = Role(
    "mirror",
    count=1,
    volumes=[Volume("packages", gib=200, mount="/srv/mirror")],
    waive={"check/fewer-than-three": "needed only while software is installed"},
)

proxies = [proxy_card, proxy_mail, proxy_packages]
service = [vpn, frontend, *proxies, web, app, middleware, cache, queue, ledger_db, cards_db]

payments = Topology(
    "payments",
    # The position in this list decides the addresses: add new roles at the end.
    roles=[*service, bastion, logs, monitoring, config, mirror],
    flows=[
        # Customers come in by one door, and each tier calls the next one only. All of it is TLS (R11, R17).
        allow(INTERNET, frontend, tcp=443, why="customers"),
        allow(frontend, pages, why="the front end passes on what it let in"),
        allow(web, payment_api, why="web calls the payment service"),
        allow(web, sessions, why="sessions"),
        allow(app, sessions, why="exchange rates and limits"),
        allow(app, ledger, why="the payment service stores its ledger"),
        allow(app, authorisations, why="authorisations that a customer waits for"),
        allow([app, middleware], messages, why="payments to be made, and their results"),
        allow(middleware, ledger, why="the outcome of each payment"),
        allow(middleware, cards, why="card numbers: no other role may ask for them"),
        # Copies of a store keep one another up to date.
        allow(cache, cache, tcp=6380, why="replication"),
        allow(queue, queue, tcp=[4369, 25672], why="one queue over three zones"),
        allow(ledger_db, ledger_db, tcp=5432, why="replication"),
        allow(cards_db, cards_db, tcp=5432, why="replication"),
        # The way out leads through a proxy, and each proxy knows for whom (R5).
        allow(middleware, card_network, why="to the card network"),
        allow([middleware, monitoring], mail, why="receipts and alerts"),
        allow(mirror, distribution, why="new software"),
        allow(proxies, INTERNET, tcp=443, why="the one use case of each"),
        # Administrators: VPN with a second factor, then the bastion, and ssh from nowhere else (R19).
        allow(INTERNET, vpn, udp=1194, why="administrators"),
        allow(vpn, bastion, tcp=22, why="administration"),
        allow(vpn, [logs, monitoring], tcp=443, why="dashboards"),
        allow(bastion, [*service, logs, monitoring, config, mirror], tcp=22, why="administration"),
        # From everywhere: configuration and signed commands (R9, R10, R13), software, logs; and monitoring
        # to everywhere (R25). Configuration and software are no services: a host needs both before it has a
        # certificate, and so before its HAProxy runs. Measurements come from each host, and not from any.
        allow([*service, bastion, logs, monitoring, mirror], config, tcp=[4222, 8140], why="configuration"),
        allow([*service, bastion, logs, monitoring, config], mirror, tcp=443, why="software"),
        allow([*service, bastion, monitoring, config, mirror], log_lines, why="logs"),
        allow(monitoring, [*service, bastion, logs, config, mirror], tcp=9100, why="measurements"),
    ],
    # New hosts write their own files at their first boot: firewall, HAProxy, hosts file. Later changes are
    # files in a folder (`portinfra hosts files production --into DIR`), which your own tool delivers.
    delivery="files",
    tags={"cost-centre": "payments"},  # what it costs is visible per environment (R26)
)

# Two environments share nothing: not an account, not an address, not a key (R1, R22).
production = Environment(
    "production",
    on="aws:us-east-1",
    account="111122223333",
    cidr="10.10.0.0/16",
    key="alias/payments",
    roles={"ledger-db": {"size": "xlarge"}},  # years of history are searched here only
)
recovery = Environment(
    "recovery", on="gcp:europe-west1", account="payments-dr", cidr="10.20.0.0/16", key="payments/volumes"
)

# A complete second platform in another cloud, and the order in which it comes to life (R8).
disaster = RecoveryPlan(
    "payments",
    source=production,
    target=recovery,
    rpo="4h",
    rto="1h",
    waves=[
        [proxy_packages, mirror, config],
        [ledger_db, cards_db, logs],
        [queue, cache, vpn, bastion, monitoring],
        [proxy_card, proxy_mail, middleware],
        [app],
        [web, frontend],
    ],
    # A drill passes only if these read what came back. They read volumes of the built-in cloud; for a real
    # one, name commands that ask your stores.
    probes=[
        Probe(
            "payments and their cards",
            run="python -m portinfra.testing.fake.volumes read ledger-db1 cards-db1",
            reads=[ledger_db, cards_db],
        ),
        Probe(
            "payments to be made",
            run="python -m portinfra.testing.fake.volumes read queue1 queue2 queue3",
            reads=queue,
        ),
        Probe(
            "logs, measurements and packages",
            run="python -m portinfra.testing.fake.volumes read logs1 monitoring1 mirror1",
            reads=[logs, monitoring, mirror],
        ),
        # One page needs every service behind it. Put your own question here: ask for that page. The
        # simulator runs no software, so this one reads what portinfra knows of the hosts.
        Probe("a page", run=RUNS, calls=[pages, payment_api, sessions, authorisations]),
    ],
    # A payment names its card, so both stores come back as of one moment. One server of each brings the
    # data, and its two replicas follow it.
    data=[
        DataPolicy(ledger_db, group="money", seed="one"),
        DataPolicy(cards_db, group="money", seed="one", sensitive=True),
    ],
    vault=Vault(  # where data waits on its way from cloud to cloud, sealed (R22)
        "vault:payments",
        endpoint="203.0.113.7:22",
        sender="~/.config/portinfra/vault-sender.conf",
        receiver="~/.config/portinfra/vault-receiver.conf",
        recipient="age1sf6f004q54per4vc9u3um7jjchzmv276axn4u96nehdy08425vws5xrvmr",
        identity="~/.config/portinfra/vault-identity",
        image="portinfra-helper",
    ),
)

if __name__ == "__main__":
    cli(payments, environments=[production, recovery], recovery=[disaster])
