"""Tables on terminals of all widths: nothing is cut, what matters least is left out; and colour where it belongs."""

import sys

import pytest

from bnlab.cli.tables import print_table, print_text

HEAD = ["what it is", "number", "more: last", "best", ""]
ROWS = [
    ["  a text of some-what many words", "9322302.3400", "-1.25e-10", "1", "ok"],
    ["another", "2.5", "7", "12", "FAILED"],
]


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard output a terminal of this width."""

    def terminal(width):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")

    return terminal


@pytest.fixture
def shown(capsys):
    """Prints the table above, and gives its lines."""

    def shown(**options):
        print_table(HEAD, ROWS, **options)
        first, *lines, last = capsys.readouterr().out.splitlines()
        assert (first, last) == ("", "")
        return lines

    return shown


def test_a_pipe_gets_the_full_width_and_no_colour(shown, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert shown(drop=("best", "number"), wrap=("what it is",)) == [
        " what it is                         number         more: last   best",
        " " + "─" * 76,
        "   a text of some-what many words   9322302.3400   -1.25e-10    1      ok",
        " another                            2.5            7            12     FAILED",
    ]


def test_on_a_narrow_terminal_headers_and_texts_are_wrapped_at_spaces(shown, terminal):
    terminal(70)
    assert shown(wrap=("what it is",)) == [
        "                                              more:",
        " what it is                     number        last       best",
        " " + "─" * 68,
        "   a text of some-what many     9322302.3400  -1.25e-10  1     ok",
        "   words",
        " another                        2.5           7          12    FAILED",
    ]


@pytest.mark.parametrize(
    ("width", "left"), [(76, ["number", "more: last", "best"]), (70, ["number", "more: last"]), (60, ["number"]), (40, [])]
)
def test_columns_are_left_out_in_their_order_until_the_rest_fits(shown, terminal, width, left):
    terminal(width)
    head, *_, last = shown(drop=("best", "more: last", "number"))
    assert head.split() == " ".join(["what it is", *left]).split()
    assert last.startswith(" another ")
    assert last.endswith("FAILED")


def test_what_does_not_fit_is_printed_in_lines_that_are_too_long(shown, terminal):
    terminal(20)
    assert shown(drop=("best", "more: last"), wrap=("what it is",))[-4:] == [
        "   a text of       9322302.3400  ok",
        "   some-what many",
        "   words",
        " another           2.5           FAILED",
    ]


def test_lines_of_text_are_wrapped_at_spaces_on_a_terminal_alone(terminal, capsys):
    text = "  " + "words and numbers 12345.678 " * 5
    print_text(text)
    assert capsys.readouterr().out == text + "\n"
    terminal(40)
    print_text(text)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert all(line.startswith("  w") or line.startswith("  n") or line.startswith("  1") for line in lines)
    assert " ".join(lines).split() == text.split()


def test_an_alarm_is_red_on_a_terminal_unless_colour_is_unwanted(shown, terminal, monkeypatch):
    terminal(100)
    assert "\x1b" not in "".join(shown())
    monkeypatch.delenv("NO_COLOR")
    *others, last = shown()
    assert "\x1b" not in "".join(others)
    assert "\x1b[31m\x1b[1mFAILED\x1b[0m" in last
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in "".join(shown())


def test_a_table_without_rows_has_its_header(capsys):
    print_table(["one", "two"], [])
    assert capsys.readouterr().out.split() == ["one", "two", "─" * 9]


COMMANDS = {
    "verify": ["verify", "initial", "layernorm_f"],
    "data list": ["data", "list"],
    "steps": ["gradcheck", "batchnorm", "--steps"],
    "gradcheck": ["gradcheck", "batchnorm", "relu"],
    "dry run": ["sweep", "batch-size", "-n"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_word_and_no_number_of_a_command_is_cut_at_any_width(call, terminal, command):
    whole = {*call(*COMMANDS[command]).out.split()}
    for width in (100, 80, 60, 40):
        terminal(width)
        assert {word for word in call(*COMMANDS[command]).out.split() if set(word) != {"─"}} <= whole


@pytest.mark.parametrize("command", ["verify", "data list"])
def test_the_tables_fit_on_a_usual_terminal(call, terminal, command):
    terminal(80)
    table = call(*COMMANDS[command]).out.split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
