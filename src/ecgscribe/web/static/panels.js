// What is around the strip as text: summary, findings, the table of beats. Text only, never markup.

import { clock } from "./time.js";

const $ = (id) => document.getElementById(id);

export function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function table(rows, head) {
  const made = document.createDocumentFragment();
  if (head) {
    const line = element("tr");
    for (const text of head) line.append(element("th", text, { scope: "col" }));
    made.append(line);
  }
  for (const row of rows) {
    const line = element("tr");
    row.forEach((text, k) => line.append(k === 0 && !head ? element("th", text, { scope: "row" }) : element("td", text)));
    made.append(line);
  }
  return made;
}

const fixed = (value, digits, unit = "") => (value === null ? "–" : `${value.toFixed(digits)}${unit}`);

// `go(seconds)` goes to the place of a finding.
export function drawFindings(about, findings, go) {
  $("findings").replaceChildren(...findings.map(({ text, at }) => {
    const item = element("li", at === null ? text : `${text} `);
    if (at !== null) {
      const button = element("button", clock(at, about), { type: "button" });
      button.addEventListener("click", () => go(at));
      item.append(button);
    }
    return item;
  }));
  if (!findings.length) $("findings").append(element("li", "Nothing was found."));
}

export function drawSummary(about, summary) {
  const minutes = (seconds) => (seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`);
  const rhythms = Object.entries(summary.rhythmSeconds).filter(([kind]) => kind !== "N");
  $("summary").replaceChildren(table([
    ["Beats", String(summary.beats)],
    ...Object.entries(summary.counts).map(([name, count]) => [`${name} ${about.classes[name]}`, String(count)]),
    ["VE burden", fixed(summary.burden.V, 2, " %")],
    ["SVE burden", fixed(summary.burden.S, 2, " %")],
    ["Beats in noise", String(summary.inNoise)],
    ["Readable", minutes(summary.readableS)],
    ["Heart rate", `${fixed(summary.meanRate, 0)} (${fixed(summary.lowestRate, 0)} to ${fixed(summary.highestRate, 0)})/min`],
    ...rhythms.map(([kind, seconds]) => [about.rhythmNames[kind] ?? kind, minutes(seconds)]),
    ["SDNN", fixed(summary.sdnn, 1, " ms")],
    ["RMSSD", fixed(summary.rmssd, 1, " ms")],
    ["pNN50", fixed(summary.pnn50, 1, " %")],
    ["LF/HF", fixed(summary.lfHf, 2)],
    ["Strips kept", String(summary.strips.length)],
  ]));
}

const MOST_ROWS = 200;

// What the strip shows, for those who do not see it; spoken when it has changed. Times in seconds.
export function drawPlace(about, beats, begin, end) {
  const [first, last] = [beats.after(begin * about.fs), beats.after(end * about.fs)];
  const counts = Object.fromEntries(Object.keys(about.classes).map((name) => [name, 0]));
  for (let k = first; k < last; k += 1) counts[beats.letter[k]] += 1;
  const others = Object.entries(counts).filter(([name, count]) => name !== "N" && count).map(([name, count]) => `, ${count} ${name}`).join("");
  const text = `${clock(begin, about)} to ${clock(end, about)}: ${last - first} beats${others}`
    + (last - first > MOST_ROWS ? `; the first ${MOST_ROWS} are listed` : "");
  if ($("in-strip").textContent !== text) $("in-strip").textContent = text;
}

// The beats from one to before another; `choose(k)` selects one.
export function drawTable(about, beats, first, last, selection, choose) {
  const end = Math.min(last, first + MOST_ROWS);
  const made = element("table", undefined, { "aria-labelledby": "in-strip" });
  const head = made.createTHead().insertRow();
  for (const text of ["Time", "Class", "RR, ms", "Probability", "Notes"]) head.append(element("th", text, { scope: "col" }));
  const body = made.createTBody();
  for (let k = first; k < end; k += 1) {
    const rr = beats.rr(k);
    const row = body.insertRow();
    const button = element("button", clock(beats.sample[k] / about.fs, about, 2), { type: "button", "aria-pressed": String(selection.has(beats.sample[k])) });
    button.addEventListener("click", () => choose(k));
    row.insertCell().append(button);
    for (const text of [beats.letter[k], rr === null ? "–" : rr.toFixed(0), beats.p[k] < 0 ? "–" : `${beats.p[k]} %`, notes(beats, k).join(", ")]) {
      row.insertCell().textContent = text;
    }
  }
  const place = [...$("beats").querySelectorAll("button")].indexOf(document.activeElement);
  $("rows-of-beats").replaceChildren(made);
  if (place >= 0) $("beats").querySelectorAll("button")[Math.min(place, end - first - 1)]?.focus({ preventScroll: true });
}

function notes(beats, k) {
  const found = [];
  if (beats.edited[k] === "1") found.push("edited");
  if (beats.adapted[k] === "1") found.push("adapted");
  if (beats.readable[k] !== "1") found.push("in noise");
  return found;
}

export function describe(about, beats, k) {
  const rr = beats.rr(k);
  return `${clock(beats.sample[k] / about.fs, about, 2)} ${beats.letter[k]}, ${about.classes[beats.letter[k]]}`
    + (beats.p[k] < 0 ? "" : `, ${beats.p[k]} %`)
    + (rr === null ? "" : `, RR ${rr.toFixed(0)} ms, ${(60000 / rr).toFixed(0)}/min`)
    + notes(beats, k).map((each) => `, ${each}`).join("");
}
