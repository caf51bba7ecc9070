topology "payments" {
  tags = { cost-centre = "payments" }
  role "vpn" {
    public = "administrators' way in"
  }
  role "frontend" {
    size   = "medium"
    public = "customers"
  }
  role "proxy-card" {
    public = "calls the card network"
  }
  role "proxy-mail" {
    public = "calls the mail service"
  }
  role "proxy-packages" {
    public = "calls the distribution's mirrors"
  }
  role "web" {
    size  = "medium"
    ready = "grep -q '\"power\": \"running\"' \"$PORTINFRA_INVENTORY\""
  }
  role "app" {
    count = 6
    size  = "medium"
  }
  role "middleware" {
    size = "medium"
  }
  role "cache" {
    size = "medium"
  }
  role "queue" {
    volume "queue" {
      gib   = 50
      mount = "/var/lib/rabbitmq"
    }
  }
  role "ledger-db" {
    size = "large"
    volume "data" {
      gib   = 200
      mount = "/var/lib/postgresql"
    }
  }
  role "cards-db" {
    size = "large"
    volume "data" {
      gib   = 100
      mount = "/var/lib/postgresql"
    }
  }
  role "bastion" {
    count = 1
    waive = { "check/fewer-than-three" = "holds nothing: another is made in minutes" }
  }
  role "logs" {
    size = "medium"
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
  allow {
    from = "internet"
    to   = "frontend"
    tcp  = [443]
    why  = "customers"
  }
  allow {
    from = "frontend"
    to   = "web"
    tcp  = [8443]
    why  = "the front end passes on what it let in"
  }
  allow {
    from = "web"
    to   = "app"
    tcp  = [8443]
    why  = "web calls the payment service"
  }
  allow {
    from = "web"
    to   = "cache"
    tcp  = [6380]
    why  = "sessions"
  }
  allow {
    from = "app"
    to   = "cache"
    tcp  = [6380]
    why  = "exchange rates and limits"
  }
  allow {
    from = "app"
    to   = "ledger-db"
    tcp  = [5432]
    why  = "the payment service stores its ledger"
  }
  allow {
    from = "app"
    to   = "middleware"
    tcp  = [8443]
    why  = "authorisations that a customer waits for"
  }
  allow {
    from = ["app", "middleware"]
    to   = "queue"
    tcp  = [5671]
    why  = "payments to be made, and their results"
  }
  allow {
    from = "middleware"
    to   = "ledger-db"
    tcp  = [5432]
    why  = "the outcome of each payment"
  }
  allow {
    from = "middleware"
    to   = "cards-db"
    tcp  = [5432]
    why  = "card numbers: no other role may ask for them"
  }
  allow {
    from = "cache"
    to   = "cache"
    tcp  = [6380]
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
    tcp  = [5432]
    why  = "replication"
  }
  allow {
    from = "cards-db"
    to   = "cards-db"
    tcp  = [5432]
    why  = "replication"
  }
  allow {
    from = "middleware"
    to   = "proxy-card"
    tcp  = [3128]
    why  = "to the card network"
  }
  allow {
    from = ["middleware", "monitoring"]
    to   = "proxy-mail"
    tcp  = [3128]
    why  = "receipts and alerts"
  }
  allow {
    from = "mirror"
    to   = "proxy-packages"
    tcp  = [3128]
    why  = "new software"
  }
  allow {
    from = ["proxy-card", "proxy-mail", "proxy-packages"]
    to   = "internet"
    tcp  = [443]
    why  = "the one use case of each"
  }
  allow {
    from = "internet"
    to   = "vpn"
    udp  = [1194]
    why  = "administrators"
  }
  allow {
    from = "vpn"
    to   = "bastion"
    tcp  = [22]
    why  = "administration"
  }
  allow {
    from = "vpn"
    to   = ["logs", "monitoring"]
    tcp  = [443]
    why  = "dashboards"
  }
  allow {
    from = "bastion"
    to   = [
      "vpn",
      "frontend",
      "proxy-card",
      "proxy-mail",
      "proxy-packages",
      "web",
      "app",
      "middleware",
      "cache",
      "queue",
      "ledger-db",
      "cards-db",
      "logs",
      "monitoring",
      "config",
      "mirror",
    ]
    tcp  = [22]
    why  = "administration"
  }
  allow {
    from = [
      "vpn",
      "frontend",
      "proxy-card",
      "proxy-mail",
      "proxy-packages",
      "web",
      "app",
      "middleware",
      "cache",
      "queue",
      "ledger-db",
      "cards-db",
      "bastion",
      "logs",
      "monitoring",
      "mirror",
    ]
    to   = "config"
    tcp  = [4222, 8140]
    why  = "configuration"
  }
  allow {
    from = [
      "vpn",
      "frontend",
      "proxy-card",
      "proxy-mail",
      "proxy-packages",
      "web",
      "app",
      "middleware",
      "cache",
      "queue",
      "ledger-db",
      "cards-db",
      "bastion",
      "logs",
      "monitoring",
      "config",
    ]
    to   = "mirror"
    tcp  = [443]
    why  = "software"
  }
  allow {
    from = [
      "vpn",
      "frontend",
      "proxy-card",
      "proxy-mail",
      "proxy-packages",
      "web",
      "app",
      "middleware",
      "cache",
      "queue",
      "ledger-db",
      "cards-db",
      "bastion",
      "monitoring",
      "config",
      "mirror",
    ]
    to   = "logs"
    tcp  = [6514]
    why  = "logs"
  }
  allow {
    from = "monitoring"
    to   = [
      "vpn",
      "frontend",
      "proxy-card",
      "proxy-mail",
      "proxy-packages",
      "web",
      "app",
      "middleware",
      "cache",
      "queue",
      "ledger-db",
      "cards-db",
      "bastion",
      "logs",
      "config",
      "mirror",
    ]
    tcp  = [9100]
    why  = "measurements"
  }
}

environment "production" {
  on      = "aws:us-east-1"
  account = "111122223333"
  cidr    = "10.10.0.0/16"
  key     = "alias/payments"
  role "ledger-db" {
    size = "xlarge"
  }
}

environment "recovery" {
  on      = "gcp:europe-west1"
  account = "payments-dr"
  cidr    = "10.20.0.0/16"
  key     = "payments/volumes"
}

recovery "payments" {
  source = "production"
  target = "recovery"
  rpo    = "4h"
  rto    = "1h"
  waves  = [
    ["proxy-packages", "mirror", "config"],
    ["ledger-db", "cards-db", "logs"],
    ["queue", "cache", "vpn", "bastion", "monitoring"],
    ["proxy-card", "proxy-mail", "middleware"],
    ["app"],
    ["web", "frontend"],
  ]
  vault {
    remote    = "vault:payments"
    endpoint  = "203.0.113.7:22"
    sender    = "~/.config/portinfra/vault-sender.conf"
    receiver  = "~/.config/portinfra/vault-receiver.conf"
    recipient = "age1sf6f004q54per4vc9u3um7jjchzmv276axn4u96nehdy08425vws5xrvmr"
    identity  = "~/.config/portinfra/vault-identity"
    image     = "portinfra-helper"
  }
  data "ledger-db" {
    group = "money"
    seed  = "one"
  }
  data "cards-db" {
    group     = "money"
    seed      = "one"
    sensitive = true
  }
  probe "payments and their cards" {
    run   = "python -m portinfra.testing.fake.volumes read ledger-db1 cards-db1"
    reads = ["ledger-db", "cards-db"]
  }
  probe "payments to be made" {
    run   = "python -m portinfra.testing.fake.volumes read queue1 queue2 queue3"
    reads = "queue"
  }
  probe "logs, measurements and packages" {
    run   = "python -m portinfra.testing.fake.volumes read logs1 monitoring1 mirror1"
    reads = ["logs", "monitoring", "mirror"]
  }
}
