// Two reviewers of one recording: how their beats, rhythms and readability compare, and what a third
// one decides.

import { get } from "./api.js";
import { element, table } from "./panels.js";
import { clock } from "./time.js";

const $ = (id) => document.getElementById(id);
const CLASSES = ["N", "S", "V", "F", "Q"];
const RATIOS = { qrs_se: "QRS Se", qrs_pp: "QRS +P", veb_se: "VEB Se", veb_pp: "VEB +P", sveb_se: "SVEB Se", sveb_pp: "SVEB +P" };
const QUALITY = ["readable", "unreadable"];
const percent = (part) => `${(100 * part).toFixed(2)} %`;

export class Comparing {
  constructor(app) {
    this.app = app;
    this.found = null;
    this.current = null;
    $("compare").addEventListener("click", () => this.compare());
    $("take-over").addEventListener("click", () => this.decide({ key: "agreed" }));
  }

  get names() { return { first: $("first").value, second: $("second").value }; }

  // After each edit: who there is, and the comparison that is shown.
  async draw() {
    const { address } = this.app;
    const { reviewers, reviewProblems } = await get(address);
    if (address !== this.app.address) return;
    $("review-problems").textContent = reviewProblems.join(" ");
    const all = ["", ...reviewers];
    for (const [k, id] of ["first", "second"].entries()) {
      const chosen = this.address === address ? $(id).value : reviewers[k];
      $(id).replaceChildren(...all.map((name) => new Option(name || "the model", name)));
      $(id).value = all.includes(chosen) ? chosen : "";
    }
    if (this.address !== address) this.found = null;
    this.address = address;
    if (this.found) await this.compare(); else this.show();
  }

  async compare() {
    const { app } = this;
    if (!app.about) return;
    try {
      this.found = { ...(await get(`${app.address}/compare`, { ...this.names, reviewer: app.reviewer })), ...this.names };
    } catch (error) {
      this.found = null;
      app.say(error.message);
    }
    this.show();
  }

  show() {
    const { found } = this;
    const row = found?.rows.find(({ key }) => key === this.current);
    $("comparison").hidden = found === null;
    $("decision").hidden = !row;
    if (found === null) return;
    const { about } = this.app;
    const [first, second] = [found.first || "the model", found.second || "the model"];
    $("agreement").textContent = `${found.agreed} beats alike, ${found.differing} not. Rhythm alike for ${percent(found.alike.rhythm)} of the time, readability for ${percent(found.alike.quality)}. `
      + `${found.decided} of ${found.disagreed} disagreements decided by ${this.app.reviewer || "you"}.`
      + (found.rows.length < found.disagreed ? ` The first ${found.rows.length} are listed; more come as you decide.` : "");
    $("take-over").disabled = found.takenOver;
    $("ec57").replaceChildren(table(Object.entries(RATIOS).map(([key, text]) => {
      const { hits, total } = found.ratios[key];
      return [text, total ? `${((100 * hits) / total).toFixed(2)} %` : "–", `${hits} of ${total}`];
    })));
    const names = [...CLASSES, "none", "noise"];
    $("matrix").replaceChildren(table(
      found.matrix.map((row, k) => [names[k], ...row.map(String)]), [`${first} \\ ${second}`, ...names],
    ));
    $("disagreements").replaceChildren(...found.rows.map((row) => {
      const decided = row.made === null ? "" : `✓ ${this.called(row, row.class)}: `;
      const length = row.kind === "beat" ? "" : ` for ${((row.end - row.sample) / about.fs).toFixed(1)} s`;
      const text = `${decided}${clock(row.sample / about.fs, about, 2)}${length} ${first} ${this.called(row, row.first)}, ${second} ${this.called(row, row.second)}`;
      const button = element("button", text, { type: "button", "aria-current": String(row.key === this.current) });
      if (row.made !== null) button.title = `decided ${row.made}`;
      button.addEventListener("click", () => this.choose(row));
      return button;
    }));
    if (!row) return;
    $("disputed").textContent = `${clock(row.sample / about.fs, about, 2)}:`;
    $("decide").replaceChildren(
      this.button(`${first}: ${this.called(row, row.first)} (H)`, row, row.first),
      this.button(`${second}: ${this.called(row, row.second)} (L)`, row, row.second),
      ...this.answers(row).filter((name) => name !== row.first && name !== row.second).map((name) => this.button(this.called(row, name), row, name)),
    );
  }

  answers({ kind }) {
    if (kind === "rhythm") return Object.keys(this.app.about.rhythmNames);
    return kind === "quality" ? QUALITY : [...CLASSES, null];
  }

  called({ kind }, name) {
    if (kind === "rhythm") return this.app.about.rhythmNames[name] ?? name;
    return name ?? "no beat";
  }

  button(text, row, letter) {
    const made = element("button", text, { type: "button" });
    made.addEventListener("click", () => this.decide({ key: row.key, class: letter }));
    return made;
  }

  choose(row) {
    const { app } = this;
    app.clear();
    this.current = row.key;
    app.goTo(row.sample, row.end);
    const k = app.beats.at(row.sample);
    if (row.kind !== "beat") app.setSpan(row.sample / app.about.fs, row.end / app.about.fs);
    else if (k >= 0) app.selectOnly(k);
    this.show();
    app.say($("disagreements").querySelector("[aria-current=true]")?.textContent ?? "");
    app.reveal();
    $("disagreements").querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }

  // Decide nothing.
  leave() { if (this.current !== null) { this.current = null; this.show(); } }

  next() {
    const rows = this.found?.rows.filter(({ made }) => made === null) ?? [];
    const at = rows.findIndex(({ key }) => key === this.current);
    if (rows.length) this.choose(rows[(at + 1) % rows.length]);
    else this.app.say(this.found ? "No disagreement is left to decide." : "Compare two reviewers first.");
  }

  // As the first or as the second reviewer has it.
  as(which) {
    const row = this.found?.rows.find(({ key }) => key === this.current);
    if (row) this.decide({ key: row.key, class: row[which] });
    else this.app.say("Choose a disagreement first: D.");
  }

  async decide(decision) {
    if (await this.app.change("adjudicate", { ...this.names, ...decision }) && decision.key !== "agreed") this.next();
  }
}
