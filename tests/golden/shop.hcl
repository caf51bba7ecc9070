# Each attribute that a document may show, and none of the host layer.
topology "shop" {
  tags    = { team = "shop" }
  retired = { old = 1 }

  role "web" {
    public   = "customers"
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada"]
    user_data = <<-EOT
      #cloud-config
      packages: [nginx]
    EOT
  }
  role "app" {
    count     = 2
    image     = "ubuntu-24.04"
    user_data = "#!/bin/sh\nexit 0\n"
    volume "data" {
      gib   = 10
      mount = "/srv"
    }
    waive = { "check/fewer-than-three" = "two are enough here" }
  }
  role "db" {
    size     = "large"
    ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada"]
    volume "data" {
      gib   = 100
      mount = "/var/lib/postgresql"
    }
  }

  allow {
    from = "internet"
    to   = "web"
    tcp  = [80, 443]
    why  = "customers"
  }
  allow {
    from = "web"
    to   = "app"
    tcp  = "8000-8100"
    icmp = true
    why  = "orders"
  }
  allow {
    from = "app"
    to   = "db"
    tcp  = 5432
    udp  = 5433
    why  = "stock"
  }
}

environment "production" {
  on   = "fake:us-east-1"
  cidr = "10.10.0.0/16"
}
