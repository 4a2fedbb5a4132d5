"""What `results/README.md` says of the files."""

from pathlib import Path

from bnlab.lab.provenance import provenance

TEXT = (Path(__file__).parents[2] / "results" / "README.md").read_text(encoding="utf-8")


def test_it_says_what_each_key_of_the_provenance_is():
    section = TEXT.partition("\n## provenance\n")[2].partition("\n## ")[0]
    named = {word for line in section.splitlines() if line.startswith("|") for word in line.split("|")[1].split("`")[1::2]}
    assert named == {*provenance(0)}
