"use strict";

const form = document.querySelector("#ask");
const said = document.querySelector("#said");
const shown = document.querySelector("#answer");
const button = form.querySelector("button");
const below = form.querySelector("#below");
const inputs = [...form.querySelectorAll("[data-input]")];
const WHY = {
  empty: "the text has no letter or digit",
  unsure: "no label is probable enough",
  "not finite": "the model's outputs are no numbers",
};
const percent = (probability) => (probability === null ? "none" : `${(100 * probability).toFixed(1)} %`);

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
};

const table = (caption, heads, rows) => {
  const made = element("table", "");
  made.append(element("caption", caption));
  const head = made.createTHead().insertRow();
  for (const name of heads) head.append(element("th", name, { scope: "col" }));
  const body = made.createTBody();
  for (const { cells, chosen } of rows) {
    const row = body.insertRow();
    row.classList.toggle("chosen", Boolean(chosen));
    row.append(...cells);
  }
  const box = element("div", "", { class: "wide", tabindex: "0", role: "region", "aria-label": caption });
  box.append(made);
  return box;
};

const probabilities = (each, given) => {
  const rows = Object.entries(each).sort(([, one], [, other]) => other - one).map(([label, probability]) => {
    const chosen = given.includes(label);
    const bar = element("td", "");
    bar.append(element("progress", "", { value: probability ?? 0, max: 1, "aria-hidden": "true" }));
    const name = element("th", label, { scope: "row", dir: "auto" });
    return { chosen, cells: [name, element("td", percent(probability), { class: "number" }), bar, element("td", chosen ? "✓ given" : "")] };
  });
  return table("Probability of each label", ["Label", "Probability", "As a bar", "Given"], rows);
};

const spans = (found) => table("What was found", ["Text", "Label", "Probability"], found.map((span) => ({
  cells: [
    element("th", span.text, { scope: "row", dir: "auto" }),
    element("td", span.label, { dir: "auto" }),
    element("td", percent(span.probability), { class: "number" }),
  ],
})));

const show = (answer) => {
  const given = answer.labels ?? (answer.label == null ? [] : [answer.label]);
  if (answer.abstained) said.textContent = `No answer: ${WHY[answer.abstained]}.`;
  else if (answer.spans) said.textContent = `${answer.spans.length} found.`;
  else if ("value" in answer) said.textContent = `Value: ${answer.value}`;
  else if (answer.labels) said.textContent = `Labels: ${given.join(", ") || "none"}`;
  else said.textContent = `Label: ${answer.label}, ${percent(answer.probability)}`;
  if (answer.probabilities) shown.append(probabilities(answer.probabilities, given));
  if (answer.spans?.length) shown.append(spans(answer.spans));
};

const ask = async () => {
  if (button.getAttribute("aria-disabled") === "true") return;
  const texts = inputs.map((input) => input.value);
  const asked = { texts: [texts.length > 1 ? texts : texts[0]] };
  if (below) asked.abstain_below = Number(below.value);
  button.setAttribute("aria-disabled", "true"); // and not disabled, which would take the keyboard's focus away
  said.textContent = "Asked; waiting for the answer.";
  shown.replaceChildren();
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/predict", { method: "POST", headers, body: JSON.stringify(asked) });
    const content = await response.json();
    if (response.ok) show(content.answers[0]);
    else said.textContent = `Refused (${response.status}): ${content.error}`;
  } catch (error) {
    said.textContent = `The service did not answer: ${error.message}`;
  } finally {
    button.removeAttribute("aria-disabled");
  }
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
