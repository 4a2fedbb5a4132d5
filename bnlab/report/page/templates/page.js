"use strict";
// The page can be read without this. Columns can be sorted, figures tell the values under the pointer, and only what scrolls
// stops the Tab key.
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
// Where a value lies between the two ends of an axis, from 0 to 1.
function share([scale, low, high], value) {
  const at = scale === "log" ? Math.log : Number;
  return (at(value) - at(low)) / (at(high) - at(low));
}
// The points in a figure's tables of numbers, with their places in the drawing.
function* points(sheet) {
  const tables = sheet.closest("figure").nextElementSibling.querySelectorAll("table");
  for (const [i, panel] of JSON.parse(sheet.dataset.axes).entries()) {
    if (!panel) continue;
    const [[left, top, right, bottom], x, y] = panel;
    const [head, ...rows] = tables[i].rows;
    for (const { cells } of rows)
      for (let j = 1; j < cells.length; j++) {
        const across = left + (right - left) * share(x, parseFloat(cells[0].textContent));
        const down = bottom - (bottom - top) * share(y, parseFloat(cells[j].textContent));
        if (Number.isFinite(across + down) && down > top - 2 && down < bottom + 2)
          yield { across, down, text: `${head.cells[j].textContent}: ${cells[j].textContent} at ${head.cells[0].textContent} ${cells[0].textContent}` };
      }
  }
}
for (const sheet of document.querySelectorAll(".sheet[data-axes]")) {
  const drawing = sheet.querySelector("svg"), tip = document.createElement("div");
  let known;
  tip.className = "tip";
  tip.hidden = true;
  sheet.append(tip);
  drawing.addEventListener("pointerleave", () => { tip.hidden = true; });
  drawing.addEventListener("pointermove", (event) => {
    known ??= [...points(sheet)];
    const matrix = drawing.getScreenCTM(), here = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const distance = (point) => Math.hypot(point.across - here.x, point.down - here.y);
    const nearest = known.reduce((a, b) => (distance(b) < distance(a) ? b : a), { across: -99, down: -99 });
    tip.hidden = distance(nearest) > 20;
    if (tip.hidden) return;
    tip.textContent = nearest.text;
    const spot = new DOMPoint(nearest.across, nearest.down).matrixTransform(matrix), box = sheet.getBoundingClientRect();
    tip.style.left = `${Math.max(0, Math.min(spot.x - box.left + 8, box.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${spot.y - box.top - tip.offsetHeight - 8}px`;
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
