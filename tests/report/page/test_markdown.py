"""The derivations as HTML."""

import re

from bnlab.report.page.markdown import derivations, docs_folder, document, to_html

TITLE, HTML = derivations()


def test_all_formulas_are_mathml_and_nothing_is_left_of_latex():
    source = (docs_folder() / "derivations.md").read_text(encoding="utf-8")
    blocks = len(re.findall(r"^```math$", source, re.MULTILINE))
    assert HTML.count('display="block"') == blocks > 30
    assert HTML.count("<math") == blocks + len(re.findall(r"\$[^$]+\$", re.sub(r"```.*?```", "", source, flags=re.DOTALL)))
    text = re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", HTML, flags=re.DOTALL)
    assert "$" not in text
    assert "\\" not in re.sub(r"<[^>]*>", "", text)
    assert " style=" not in HTML


def test_the_title_and_the_headings_fit_below_a_section():
    assert TITLE == "The backward passes, derived"
    assert {*re.findall(r"<(h\d)", HTML)} == {"h3", "h4"}


def test_links_lead_to_headings():
    ids = re.findall(r' id="([^"]*)"', HTML)
    targets = {*re.findall(r'href="#(derivations[^"]*)"', HTML)}
    assert len(targets) > 10
    assert targets <= {*ids}
    assert len(ids) == len({*ids})


def test_the_graph_is_drawn_and_described():
    assert re.search(
        r'role="img" aria-labelledby="([^" ]*) ([^"]*)" viewBox="[^"]*"><title id="\1">Batchnorm&#x27;s computation graph'
        r'</title><desc id="\2">mu, centred, .* are marked 1, 2, 3</desc>',
        HTML,
    )


def test_html_in_it_is_text(tmp_path):
    assert "<script>" not in to_html("<script>alert(1)</script>\n\n```python\n<b>\n```\n", "p", tmp_path)


def test_code_is_escaped(tmp_path):
    assert "&lt;b&gt; &amp;" in to_html("```text\n<b> &\n```\n", "p", tmp_path)
    assert '<span class="start">&lt;b&gt;</span> &amp;\n' in to_html("```python\n<b> &\n```\n", "p", tmp_path)


def test_lines_of_code_know_how_deep_they_are_and_keep_their_text(tmp_path):
    code = "for i in x:\n    f(i,\n      2)\n\n        y = [1]\n"
    shown = re.search(r"<code>(.*)</code>", to_html(f"```python\n{code}```\n", "p", tmp_path), re.DOTALL)[1]
    assert re.findall(r'class="line (in-\d)"><span class="start">([^<]*)<', shown) == [
        ("in-0", "for"), ("in-1", "    f("), ("in-1", "      2)"), ("in-0", ""), ("in-2", "        y"),
    ]  # fmt: skip
    assert re.sub(r"<[^>]*>", "", shown) == code


def test_no_line_ends_between_a_formula_and_what_touches_it(tmp_path):
    html = to_html("So ($x$), $y$ and $z$.\n", "p", tmp_path)
    spans = [re.sub(r"<math.*?</math>", "F", each) for each in re.findall(r'<span class="whole-line">(.*?)</span>', html)]
    assert spans == ["(F),", "F."]
    assert re.sub(r"<[^>]*>", "", re.sub(r"<math.*?</math>", "F", html)).strip() == "So (F), F and F."


def test_code_that_follows_code_stands_beside_it():
    code = "```python\na = 1\n```\n\n"
    page = to_html(f"{code}{code}{code}Words.\n\n{code}Words.\n\n```text\n$ x\n```\n\n{code}{code}", "x", docs_folder())
    assert re.findall(r'<div class="columns">|<pre|</div>', page) == (
        [
            '<div class="columns">',
            *["<pre"] * 3,
            "</div>",
            "<pre",
            "<pre",
            '<div class="columns">',
            "<pre",
            "<pre",
            "</div>",
        ]
    )
    frameworks = document("frameworks")[1]
    assert frameworks.count('<div class="columns">') == 3
    assert frameworks.count("<pre") == 10
