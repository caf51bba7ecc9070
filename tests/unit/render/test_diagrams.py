"""Pictures of a placed topology: what they show, in every format."""

import re
import subprocess
from xml.etree import ElementTree

import pytest

from portinfra.model.environment import Environment
from portinfra.model.placed import Placed
from portinfra.model.resources import Volume
from portinfra.model.service import Service
from portinfra.model.topology import INTERNET, Role, Topology, allow
from portinfra.placement import place
from portinfra.render.diagrams import FORMATS, draw

NASTY = "a \"b\" <c> & 'd' \\ {e} | [f] `g` #h; </svg> %i\nj \x07 \\"


def payments(web_count: int = 3, why: str = "customers") -> Topology:
    web = Role("web", count=web_count, public=why)
    app = Role("app")
    db = Role("db", size="large", volumes=[Volume("data", gib=77), Volume("wal", gib=33)])
    return Topology(
        "payments",
        roles=[db, app, web],
        flows=[
            allow(db, db, tcp=5433, why="replication"),
            allow(app, db, tcp=5432, why="ledger"),
            allow(web, app, tcp="8000-8100", icmp=True, why="calls"),
            allow(INTERNET, web, tcp=[80, 443], why=why),
            allow("203.0.113.0/24", web, udp=1194, why="office"),
        ],
    )


def placed(topology: Topology | None = None, **environment) -> Placed:
    at = {"on": "aws:us-east-1", "cidr": "10.10.0.0/16", **environment}
    return place(topology or payments(), Environment("production", **at))


def svg(topology: Topology | None = None, **environment) -> ElementTree.Element:
    return ElementTree.fromstring(draw(placed(topology, **environment), "svg"))


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(found.itertext()) for found in root.iter("{http://www.w3.org/2000/svg}text")]


def height(root: ElementTree.Element, words: str) -> float:
    [found] = [t for t in root.iter("{http://www.w3.org/2000/svg}text") if t.text == words][:1]
    return float(found.get("y", "nan"))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_shows_region_zones_subnets_hosts_volumes_and_flows(format):
    drawn = draw(placed(), format)
    for words in ("aws:us-east-1", "10.10.0.0/16", "zone 1", "zone 3", "10.10.9.0/24", "web2", "10.10.9.4"):
        assert words in drawn
    for words in ("77 GiB", "33 GiB", "tcp 5432", "tcp 80, 443", "udp 1194", "icmp", "203.0.113.0/24"):
        assert words in drawn


@pytest.mark.parametrize("format", FORMATS)
def test_a_flow_to_a_service_has_its_name_before_its_port(format):
    api = Service("payments-api", tcp=8443, local_port=8002)
    flows = [
        allow("web", api, why="payments"),
        allow("web", "app", udp=53, why="names"),
        allow("app", "web", tcp=80, why="callbacks"),
    ]
    drawn = draw(placed(Topology("payments", [Role("web"), Role("app", offers=api)], flows)), format)
    assert "payments-api tcp 8443" in drawn
    assert not re.search(r"payments-api (tcp 80\b|udp)", drawn)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_topology_gives_the_same_picture(format):
    assert draw(placed(), format) == draw(placed(), format)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_secret_is_drawn(format):
    secret = Topology("payments", roles=[Role("web", user_data="CANARY", ssh_keys="ssh-ed25519 CANARY")])
    assert "CANARY" not in draw(placed(secret), format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 500])
def test_any_number_of_hosts_can_be_drawn(format, count):
    assert f"{count} host" in draw(placed(payments(web_count=count)), format)


@pytest.mark.parametrize("format", FORMATS)
def test_a_topology_without_flows_can_be_drawn(format):
    assert "web1" in draw(placed(Topology("lonely", roles=[Role("web")])), format)


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="svg, mermaid, dot"):
        draw(placed(), "png")  # type: ignore[arg-type]


def test_svg_needs_nothing_from_elsewhere():
    drawn = draw(placed(), "svg")
    assert re.findall(r"<script|<image|<style|href|url\(", drawn) == []
    assert re.findall(r"https?://\S+", drawn) == ['http://www.w3.org/2000/svg"']


def test_svg_has_a_background_of_its_own_and_a_title():
    root = svg()
    assert root[0].tag.endswith("title")
    background = root[1]
    assert (background.get("width"), background.get("height")) == (root.get("width"), root.get("height"))
    assert background.get("fill") == "#ffffff"


def test_svg_text_is_never_smaller_than_eleven_pixels():
    sizes = [float(t.get("font-size", "0")) for t in svg().iter("{http://www.w3.org/2000/svg}text")]
    assert min(sizes) >= 11


def test_svg_draws_roles_from_the_internet_inwards():
    root = svg()
    order = ["The internet", "web", "app", "db"]
    assert sorted(order, key=lambda words: height(root, words)) == order


def test_svg_shortens_what_is_too_long_and_keeps_the_whole_in_a_title():
    reason = "a reason that goes on and on " * 8
    drawn = draw(placed(payments(why=reason)), "svg")
    assert float(svg(payments(why=reason)).get("width", "0")) < float(svg().get("width", "0")) + 200
    assert f"for: {reason}</title>" in drawn
    assert re.search(r"for: a reason[^<]*…</text>", drawn)


def test_svg_draws_every_thing_within_its_borders():
    for topology in (payments(), payments(why="a very long reason " * 4), payments(web_count=90)):
        root = svg(topology)
        width, tall = float(root.get("width", "0")), float(root.get("height", "0"))
        for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert float(rect.get("x", "0")) + float(rect.get("width", "0")) <= width
            assert float(rect.get("y", "0")) + float(rect.get("height", "0")) <= tall


def test_svg_names_the_zones_that_the_environment_names():
    assert {"us-east-1b", "us-east-1d"} <= set(texts(svg(zones=("us-east-1b", "us-east-1d"))))


def test_svg_lists_every_flow_with_its_reason():
    shown = texts(svg())
    assert {"replication", "ledger", "calls", "office"} <= set(shown)


def test_svg_draws_many_hosts_as_the_first_two_and_the_last():
    shown = texts(svg(payments(web_count=30)))
    assert {"web1", "web4", "web28", "… 7 more (10 hosts)"} <= set(shown)
    assert "web7" not in shown


def test_svg_says_all_but_few_where_a_flow_concerns_almost_all():
    roles = [Role(f"role-{letter}") for letter in "abcdefgh"]
    logs = Role("logs")
    topology = Topology("t", roles=[logs, *roles], flows=[allow(roles, logs, tcp=6514)])
    assert "all but logs" in texts(svg(topology))
    assert height(svg(topology), "logs") > height(svg(topology), "role-h"), "who serves all is drawn last"


def test_svg_survives_text_that_means_something_to_xml():
    root = svg(payments(why=NASTY))
    assert any("</svg>" in words for words in texts(root))


def _mermaid_lines(topology: Topology | None = None) -> list[str]:
    return draw(placed(topology), "mermaid").splitlines()


def test_mermaid_is_a_flowchart_whose_subgraphs_are_all_ended():
    lines = _mermaid_lines()
    assert lines[0] == "flowchart TB"
    assert sum("subgraph " in line for line in lines) == sum(line.strip() == "end" for line in lines) == 4


def test_mermaid_ids_are_plain_and_defined_before_they_are_used():
    topology = Topology(
        "t",
        roles=[Role("end", public="x"), Role("graph-a"), Role("graph--a")],
        flows=[allow([INTERNET, "graph-a"], "end", tcp=1), allow("end", "graph--a", tcp=2)],
    )
    lines = _mermaid_lines(topology)
    defined = {found for line in lines for found in re.findall(r"(?:subgraph )?\b(\w+)(?:\[|\(\[)\"", line)}
    used = {end for line in lines if "-->" in line for end in re.findall(r"(\w+) -->.*\| (\w+)$", line)[0]}
    assert len(used) == 4
    assert used <= defined


def test_mermaid_escapes_what_means_something_to_it():
    for line in _mermaid_lines(payments(why=NASTY)):
        for quoted in re.findall(r'"([^"]*)"', line):
            assert not re.search(r"[<>`\\|{}\[\]]", quoted.replace("<br/>", ""))
        assert line.count('"') % 2 == 0


@pytest.mark.parametrize("format", ["mermaid", "dot"])
def test_what_almost_everybody_may_do_is_told_in_words_instead_of_arrows(format):
    roles = [Role(f"role-{letter}") for letter in "abcdefgh"]
    logs = Role("logs")
    topology = Topology("t", roles=[logs, *roles], flows=[allow(roles, logs, tcp=6514)])
    drawn = draw(placed(topology), format)
    assert "called by all but logs: tcp 6514" in drawn
    assert "->" not in drawn


@pytest.mark.tools("dot")  # Graphviz
@pytest.mark.parametrize("topology", [payments(), payments(why=NASTY)], ids=["plain", "nasty"])
def test_graphviz_accepts_dot(topology):
    drawn = draw(placed(topology), "dot")
    ran = subprocess.run(["dot", "-Tplain"], input=drawn, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert sum(line.startswith("node ") for line in ran.stdout.splitlines()) == 3 * 3 + 2
