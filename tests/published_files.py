"""The files that every study leaves in its folder, as the tests expect them."""

WRITTEN = (
    *("figure.png", "figure.svg", "figure-numbers.csv", "table.csv", "arms.csv"),
    *("findings.json", "findings.md", "summary.json"),
)
"""In this order, so that a summary is there only if all else is."""
