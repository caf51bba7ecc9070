"""Directives and strip markers of templates: in texts in quotes, in heredocs, and in files of `templatefile`.

The values are those of HCL's own parser: a strip marker trims the literal text beside it. In a heredoc and
in a file, that is a piece of one line.
"""

import pytest
from hcl_values import value_of

from portinfra.declaration.hcl import bounds
from portinfra.declaration.hcl.problem import Problem

LOOP = '%{ for x in ["a", "b"] ~}\n- ${x}\n%{ endfor ~}\nend\n'


def in_quotes(template, folder):
    text = template.replace("\\", "\\\\").replace("\n", "\\n")
    return value_of(f'"{text}"', folder)


def in_a_heredoc(template, folder):
    return value_of(f"<<EOT\n{template}\nEOT\n", folder).removesuffix("\n")


def in_a_file(template, folder):
    (folder / "boot.tpl").write_text(template)
    return value_of('templatefile("boot.tpl", {})', folder)


EVERYWHERE = pytest.mark.parametrize("value_in", [in_quotes, in_a_heredoc, in_a_file])


@EVERYWHERE
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("x%{ if true }a%{ endif }", "xa"),
        ("x%{if false}a%{else}b%{endif}", "xb"),
        ("x%{ if 1 > 2 }a%{ endif }y", "xy"),
        ('x%{ if "a" == "a" }${1 + 1}%{ endif }', "x2"),
        ("x%{ for x in [1, 2] }${x},%{ endfor }", "x1,2,"),
        ("x%{ for k, v in { b = 1, a = 2 } }${k}${v};%{ endfor }", "xa2;b1;"),
        ('x%{ for i, v in ["a"] }${i}${v}%{ endfor }', "x0a"),
        ("x%{ for x in [] }${x}%{ endfor }", "x"),
        ("%{ for x in [1, 2, 3] }%{ if x != 2 }${x}%{ else }-%{ endif }%{ endfor }.", "1-3."),
        ("a  ${~ 1 ~}  b", "a1b"),
        ("a  ${~ 1 }  b", "a1  b"),
        ("a %{ if true ~} b %{~ else ~} c %{~ endif ~} d", "a bd"),
        ('a ${"~"} b', "a ~ b"),
        ("a ${[{ it = 1 }][0].it ~} b", "a 1b"),
        ('a %{ if "%{ if true }b%{ endif }" == "b" }c%{ endif }', "a c"),
        ("a %%{ if true }", "a %{ if true }"),
    ],
)
def test_a_directive_has_its_text(template, text, value_in, tmp_path):
    assert value_in(template, tmp_path) == text


@pytest.mark.parametrize("value_in", [in_a_heredoc, in_a_file])
def test_a_strip_marker_at_the_end_of_a_line_removes_the_line_end_and_no_indentation(value_in, tmp_path):
    assert value_in(LOOP, tmp_path).rstrip() == "- a\n- b\nend"
    assert value_in("a\n%{~ if true ~}\n  b\n%{ endif }.", tmp_path) == "a  b\n."


def test_a_strip_marker_in_quotes_removes_all_white_space(tmp_path):
    assert in_quotes("a\n\n ${~ 1 ~} \n b", tmp_path) == "a1b"


def test_indentation_of_a_heredoc_is_that_of_what_begins_a_line(tmp_path):
    assert value_of("<<-EOT\n    a\n    %{ if true }\n      b\n    %{ endif }\n  EOT\n") == "a\n\n  b\n\n"
    # As in HCL: the line end before `b` is trimmed, so `b` does not begin a line and keeps its indentation.
    assert value_of("<<-EOT\n    a\n    %{ if true ~}\n    b\n    %{ endif ~}\n  EOT\n") == "a\n    b\n"


def test_a_directive_makes_text_and_a_single_value_stays_what_it_is(tmp_path):
    assert value_of('"%{ if true }${1}%{ endif }"') == "1"
    assert value_of('"${[1]}"') == [1]
    assert in_a_file("${[1]}", tmp_path) == [1]
    with pytest.raises(Problem):
        value_of('" ${~ [1] }"')


@EVERYWHERE
@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("x%{ if true }a", "%{if …} is not closed. Close it with %{ endif }."),
        ("x%{ for x in [1] }a", "%{for …} is not closed"),
        ("x%{ if true }%{ for x in [1] }a%{ endif }", "Close the %{ for } of line"),
        ("x%{ endif }", "%{endif} closes nothing here"),
        ("x%{ else }", "%{else} closes nothing here"),
        ("x%{ if true }a%{ else }b%{ else }c%{ endif }", "%{else} closes nothing here"),
        ("x%{ for x in [1] }a%{ else }b%{ endfor }", "%{else} closes nothing here"),
        ("x%{ if 1 }a%{ endif }", "a condition is true or false, not a number"),
        ("x%{ for x in 1 }a%{ endfor }", "takes a list or a mapping, not a number"),
        ("x%{ for x in [[]] }${x}%{ endfor }", "a list cannot be put into a text"),
        ("x%{ if nope }a%{ endif }", "'nope' has no value"),
        ("x%{ for y in [1] }${x}%{ endfor }", "'x' has no value"),
        ("x%{ if true }" * 61, "more than 60 directives are open"),
    ],
)
def test_what_is_wrong_with_a_directive_is_an_error_at_its_line(template, words, value_in, tmp_path):
    with pytest.raises(Problem) as error:
        value_in(template, tmp_path)
    (finding,) = error.value.findings
    assert words in f"{finding.message}. {finding.fix}"
    assert finding.location.line in (1, 2)
    assert finding.location.column >= 1
    assert finding.location.file.endswith(("test.hcl", "boot.tpl"))


@EVERYWHERE
@pytest.mark.parametrize(
    "template",
    ["%{ fi true }", "%{ }", "%{ if }a%{ endif }", "%{ for in [] }%{ endfor }", "%{ endif x }", "%{ if"],
)
def test_what_is_no_directive_is_an_error(template, value_in, tmp_path):
    with pytest.raises(Problem) as error:
        value_in(f"x{template}", tmp_path)
    assert all(finding.location.line in (1, 2) and finding.fix for finding in error.value.findings)


@pytest.mark.parametrize(("loops", "body"), [(4, ""), (2, "ten letters")])
def test_a_loop_of_too_many_rounds_is_an_error_before_it_takes_long(loops, body, tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_WORK", 500_000)
    with pytest.raises(Problem) as error:
        in_a_file("%{ for x in range(1000) }" * loops + body + "%{ endfor }" * loops, tmp_path)
    (finding,) = error.value.findings
    assert finding.rule == "hcl/too-large"


@pytest.mark.slow
@pytest.mark.parametrize("value_in", [in_a_heredoc, in_a_file])
def test_a_template_of_too_many_values_is_an_error_before_it_takes_long(value_in, tmp_path):
    with pytest.raises(Problem) as error:
        value_in("${1}" * 100_000, tmp_path)
    (finding,) = error.value.findings
    assert finding.rule == "hcl/too-large"
