topology "hello" {
  role "web" {
    public = "customers"
  }
  allow {
    from = "internet"
    to   = "web"
    tcp  = [443]
    why  = "customers"
  }
}

environment "demo" {
  on = "fake:us-east-1"
}
