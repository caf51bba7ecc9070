# The reference platform: a payment service as its auditors want it, in two clouds.
#
# Seventeen roles, each alone on its servers and in its subnets (R2, R3), three servers in three zones unless
# said otherwise (R6), with nothing open but what an `allow` below permits and explains (R18). The same values
# as payments.py. Try it without an account:
#
#     portinfra plan production -f examples/payments.hcl --on fake:us-east-1

locals {
  proxies = ["proxy-card", "proxy-mail", "proxy-packages"]
  service = concat(
    ["vpn", "frontend"], local.proxies,
    ["web", "app", "middleware", "cache", "queue", "ledger-db", "cards-db"]
  )
}

# The place of a role in this block is its place in the address plan: what comes new goes to the end.
topology "payments" {
  tags = { "cost-centre" = "payments" } # what it costs is visible per environment (R26)

  # New hosts write their own files at their first boot: firewall, HAProxy, hosts file. Later changes are files
  # in a folder (`portinfra hosts files production --into DIR`), which your own tool delivers.
  delivery = "files"

  # What a role offers to others is a service (R7): `tcp` on its servers; on every host that calls it, HAProxy
  # has the `local_port` of 127.0.0.1, prefers servers of its own zone, and speaks TLS to them (R11, R17). So an
  # application knows one local port for each service, and each port is written once.

  # The DMZ: the only servers that the internet can reach, or that can reach it (R4). Each says why.
  role "vpn" {
    public = "administrators' way in"
  }
  role "frontend" {
    size   = "medium"
    public = "customers"
  }

  # Egress proxies, one per use case, each with its own short list of host names (R5).
  role "proxy-card" {
    public = "calls the card network"
    waive  = { "check/service-without-probe" = "a drill has no way out" }
    service "card-network" {
      tcp        = 3128
      local_port = 8011
    }
  }
  role "proxy-mail" {
    public = "calls the mail service"
    waive  = { "check/service-without-probe" = "a drill has no way out" }
    service "mail" {
      tcp        = 3128
      local_port = 8012
    }
  }
  role "proxy-packages" {
    public = "calls the distribution's mirrors"
    waive  = { "check/service-without-probe" = "a drill has no way out" }
    service "distribution" {
      tcp        = 3128
      local_port = 8013
    }
  }

  # The service itself. Two application servers a zone: app1 and app4, app2 and app5, app3 and app6 (R6).
  role "web" {
    size = "medium"
    # Asked about each server before the next one goes. Put your own question here: does the page answer?
    # The simulator runs no software, so this one reads what portinfra knows of the server.
    ready = "grep -q '\"power\": \"running\"' \"$PORTINFRA_INVENTORY\""
    service "pages" {
      tcp        = 8443
      local_port = 8001
      health     = "/health"
    }
  }
  role "app" {
    count = 6
    size  = "medium"
    service "payments" {
      tcp        = 8443
      local_port = 8002
      health     = "/health"
    }
  }
  role "middleware" {
    size = "medium"
    service "authorisations" {
      tcp        = 8443
      local_port = 8006
      health     = "/health"
    }
  }

  # The stores. Disks are always encrypted (R17). With real data, add `deletion_protection = true`.
  role "cache" {
    size = "medium"
    service "cache" {
      tcp        = 6380
      local_port = 8003
      balance    = "leastconn"
    }
  }
  role "queue" {
    service "queue" {
      tcp        = 5671
      local_port = 8007
      balance    = "leastconn"
    }
    volume "queue" {
      gib   = 50
      mount = "/var/lib/rabbitmq"
    }
  }
  role "ledger-db" {
    size = "large"
    # Only the primary answers 200 here (Patroni's interface): no client reaches a replica.
    service "ledger" {
      tcp         = 5432
      local_port  = 8004
      health      = "/primary"
      health_port = 8008
      balance     = "leastconn"
    }
    volume "data" {
      gib   = 200
      mount = "/var/lib/postgresql"
    }
  }
  role "cards-db" {
    size = "large"
    service "cards" {
      tcp         = 5432
      local_port  = 8005
      health      = "/primary"
      health_port = 8008
      balance     = "leastconn"
    }
    volume "data" {
      gib   = 100
      mount = "/var/lib/postgresql"
    }
  }

  # Operations (R9, R10, R13, R19, R25).
  role "bastion" {
    count = 1
    waive = { "check/fewer-than-three" = "holds nothing: another is made in minutes" }
  }
  role "logs" {
    size = "medium"
    service "logs" {
      tcp        = 6514
      local_port = 8021
      balance    = "leastconn"
    }
    volume "logs" {
      gib   = 500
      mount = "/var/log/central"
    }
  }
  role "monitoring" {
    volume "metrics" {
      gib   = 100
      mount = "/var/lib/prometheus"
    }
  }
  role "config" {
    count = 1
    waive = { "check/fewer-than-three" = "one certificate authority; hosts go on while it is away" }
  }
  role "mirror" {
    count = 1
    waive = { "check/fewer-than-three" = "needed only while software is installed" }
    volume "packages" {
      gib   = 200
      mount = "/srv/mirror"
    }
  }

  # Customers come in by one door, and each tier calls the next one only. All of it is TLS (R11, R17).
  allow {
    from = "internet"
    to   = "frontend"
    tcp  = 443
    why  = "customers"
  }
  allow {
    from    = "frontend"
    service = "pages"
    why     = "the front end passes on what it let in"
  }
  allow {
    from    = "web"
    service = "payments"
    why     = "web calls the payment service"
  }
  allow {
    from    = "web"
    service = "cache"
    why     = "sessions"
  }
  allow {
    from    = "app"
    service = "cache"
    why     = "exchange rates and limits"
  }
  allow {
    from    = "app"
    service = "ledger"
    why     = "the payment service stores its ledger"
  }
  allow {
    from    = "app"
    service = "authorisations"
    why     = "authorisations that a customer waits for"
  }
  allow {
    from    = ["app", "middleware"]
    service = "queue"
    why     = "payments to be made, and their results"
  }
  allow {
    from    = "middleware"
    service = "ledger"
    why     = "the outcome of each payment"
  }
  allow {
    from    = "middleware"
    service = "cards"
    why     = "card numbers: no other role may ask for them"
  }

  # Copies of a store keep one another up to date.
  allow {
    from = "cache"
    to   = "cache"
    tcp  = 6380
    why  = "replication"
  }
  allow {
    from = "queue"
    to   = "queue"
    tcp  = [4369, 25672]
    why  = "one queue over three zones"
  }
  allow {
    from = "ledger-db"
    to   = "ledger-db"
    tcp  = 5432
    why  = "replication"
  }
  allow {
    from = "cards-db"
    to   = "cards-db"
    tcp  = 5432
    why  = "replication"
  }

  # The way out leads through a proxy, and each proxy knows for whom (R5).
  allow {
    from    = "middleware"
    service = "card-network"
    why     = "to the card network"
  }
  allow {
    from    = ["middleware", "monitoring"]
    service = "mail"
    why     = "receipts and alerts"
  }
  allow {
    from    = "mirror"
    service = "distribution"
    why     = "new software"
  }
  allow {
    from = local.proxies
    to   = "internet"
    tcp  = 443
    why  = "the one use case of each"
  }

  # Administrators: VPN with a second factor, then the bastion, and ssh from nowhere else (R19).
  allow {
    from = "internet"
    to   = "vpn"
    udp  = 1194
    why  = "administrators"
  }
  allow {
    from = "vpn"
    to   = "bastion"
    tcp  = 22
    why  = "administration"
  }
  allow {
    from = "vpn"
    to   = ["logs", "monitoring"]
    tcp  = 443
    why  = "dashboards"
  }
  allow {
    from = "bastion"
    to   = concat(local.service, ["logs", "monitoring", "config", "mirror"])
    tcp  = 22
    why  = "administration"
  }

  # From everywhere: configuration and signed commands (R9, R10, R13), software, logs; and monitoring
  # to everywhere (R25). Configuration and software are no services: a host needs both before it has a
  # certificate, and so before its HAProxy runs. Measurements come from each host, and not from any.
  allow {
    from = concat(local.service, ["bastion", "logs", "monitoring", "mirror"])
    to   = "config"
    tcp  = [4222, 8140]
    why  = "configuration"
  }
  allow {
    from = concat(local.service, ["bastion", "logs", "monitoring", "config"])
    to   = "mirror"
    tcp  = 443
    why  = "software"
  }
  allow {
    from    = concat(local.service, ["bastion", "monitoring", "config", "mirror"])
    service = "logs"
    why     = "logs"
  }
  allow {
    from = "monitoring"
    to   = concat(local.service, ["bastion", "logs", "config", "mirror"])
    tcp  = 9100
    why  = "measurements"
  }
}

# Two environments share nothing: not an account, not an address, not a key (R1, R22).
environment "production" {
  on      = "aws:us-east-1"
  account = "111122223333"
  cidr    = "10.10.0.0/16"
  key     = "alias/payments"

  role "ledger-db" {
    size = "xlarge" # years of history are searched here only
  }
}

environment "recovery" {
  on      = "gcp:europe-west1"
  account = "payments-dr"
  cidr    = "10.20.0.0/16"
  key     = "payments/volumes"
}

# A complete second platform in another cloud, and the order in which it comes to life (R8).
recovery "payments" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
  waves = [
    ["proxy-packages", "mirror", "config"],
    ["ledger-db", "cards-db", "logs"],
    ["queue", "cache", "vpn", "bastion", "monitoring"],
    ["proxy-card", "proxy-mail", "middleware"],
    ["app"],
    ["web", "frontend"],
  ]

  # A drill passes only if these read what came back. They read volumes of the built-in cloud; for a real one,
  # name commands that ask your stores.
  probe "payments and their cards" {
    run   = "python -m portinfra.testing.fake.volumes read ledger-db1 cards-db1"
    reads = ["ledger-db", "cards-db"]
  }
  probe "payments to be made" {
    run   = "python -m portinfra.testing.fake.volumes read queue1 queue2 queue3"
    reads = ["queue"]
  }
  probe "logs, measurements and packages" {
    run   = "python -m portinfra.testing.fake.volumes read logs1 monitoring1 mirror1"
    reads = ["logs", "monitoring", "mirror"]
  }

  # One page needs every service behind it. Put your own question here: ask for that page. The simulator runs no
  # software, so this one reads what portinfra knows of the hosts.
  probe "a page" {
    run   = "grep -q '\"power\": \"running\"' \"$PORTINFRA_INVENTORY\""
    calls = ["pages", "payments", "cache", "authorisations"]
  }

  # Where data waits on its way from cloud to cloud, sealed (R22).
  vault {
    remote    = "vault:payments"
    endpoint  = "203.0.113.7:22"
    sender    = "~/.config/portinfra/vault-sender.conf"
    receiver  = "~/.config/portinfra/vault-receiver.conf"
    recipient = "age1sf6f004q54per4vc9u3um7jjchzmv276axn4u96nehdy08425vws5xrvmr"
    identity  = "~/.config/portinfra/vault-identity"
    image     = "portinfra-helper"
  }

  # A payment names its card, so both stores come back as of one moment. One server of each brings the data,
  # and its two replicas follow it.
  data "ledger-db" {
    group = "money"
    seed  = "one"
  }
  data "cards-db" {
    group     = "money"
    seed      = "one"
    sensitive = true
  }
}
