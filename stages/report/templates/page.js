"use strict";
// Sorts tables by a column and searches long lists. Without it the page shows the same.

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const NUMBER = /^[+-]?(\d|\.\d)/;

/** What a cell says, with numbers as JavaScript writes them. */
function said(row, column) {
  return row.cells[column].textContent.trim().replace(/^< /, "").replace("\u2212", "-").replace(/(\d),(?=\d{3})/g, "$1");
}

/** Compares two rows by a column: numbers by size, what is not defined last, everything else as text. */
function comparison(column, numeric) {
  return (one, other) => {
    const [a, b] = [said(one, column), said(other, column)];
    if (!numeric) return collator.compare(a, b);
    const [x, y] = [parseFloat(a), parseFloat(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return x - y;
  };
}

function sortBy(header) {
  const body = header.closest("table").tBodies[0];
  const rows = [...body.rows];
  const values = rows.map((row) => said(row, header.cellIndex)).filter((value) => value && value !== "not defined");
  const falling = header.getAttribute("aria-sort") === "ascending";
  rows.sort(comparison(header.cellIndex, values.every((value) => NUMBER.test(value))));
  body.append(...(falling ? rows.reverse() : rows));
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", falling ? "descending" : "ascending");
}

function makeSortable(table) {
  table.classList.add("sorts");
  for (const header of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(header));
    header.append(button);
  }
}

function makeSearchable(table) {
  const field = document.createElement("p");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const found = document.createElement("output");
  const rows = [...table.tBodies[0].rows];
  field.className = "search";
  input.type = "search";
  label.append("Search these documents ", input);
  field.append(label, " ", found);
  table.parentElement.before(field);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const left = rows.filter((row) => !row.hidden).length;
    found.textContent = input.value.trim() ? `${left} of ${rows.length} shown` : "";
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  if (table.tBodies[0].rows.length > 2) makeSortable(table);
}
for (const table of document.querySelectorAll("table.searchable")) makeSearchable(table);
