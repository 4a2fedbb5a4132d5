"use strict";
// The page can be read without this. Columns can be sorted, and only what scrolls stops the Tab key.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const text = (row, i) => row.cells[i].textContent.trim();
  const size = (words) => (Number.isNaN(parseFloat(words)) ? Infinity : parseFloat(words));
  table.querySelectorAll("thead th:not(.unsorted)").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const compare = (a, b) => {
        const [one, other] = [text(a, head.cellIndex), text(b, head.cellIndex)];
        return size(one) - size(other) || one.localeCompare(other, "en");
      };
      const rows = [...body.rows].sort(compare);
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}
function stops() {
  for (const box of document.querySelectorAll(".scroll")) {
    if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
}
// Older browsers print only what is open.
function openForPrint(open) {
  if (CSS.supports("selector(details::details-content)")) return;
  for (const each of document.querySelectorAll("details.printed")) each.open = open;
}
addEventListener("beforeprint", () => openForPrint(true));
addEventListener("afterprint", () => openForPrint(false));
addEventListener("resize", stops);
addEventListener("toggle", stops, true);
stops();
