"""Three web servers in three zones, on the built-in cloud: `python examples/hello.py apply demo`."""

from portinfra import INTERNET, Environment, Role, Topology, allow, cli

web = Role("web", size="small", public="customers")
hello = Topology("hello", roles=[web], flows=[allow(INTERNET, web, tcp=443, why="customers")])
demo = Environment("demo", on="fake:us-east-1")

if __name__ == "__main__":
    cli(hello, environments=[demo])
