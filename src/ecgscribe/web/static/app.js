// The page: what is shown, and every action on it.

import { Adapting } from "./adapting.js";
import { Comparing } from "./comparing.js";
import { Unreachable, get, post } from "./api.js";
import { Beats } from "./beats.js";
import { measured } from "./calipers.js";
import { Day } from "./day.js";
import { Events } from "./events.js";
import { Intervals } from "./intervals.js";
import * as keys from "./keys.js";
import { Page } from "./page.js";
import { onThemeChange } from "./palette.js";
import { describe, drawFindings, drawPlace, drawSummary, drawTable } from "./panels.js";
import * as pointer from "./pointer.js";
import { pixelsPerMm, Strip } from "./strip.js";
import { Templates } from "./templates.js";
import { Tiles } from "./tiles.js";
import { clock, lasting, parseClock } from "./time.js";

const $ = (id) => document.getElementById(id);
const SPEEDS = [12.5, 25, 50];
const GAINS = [5, 10, 20];
const SPANS = { unreadable: "unreadable", readable: "readable", AFIB: "atrial fibrillation", AFL: "regular atrial flutter", SVTA: "supraventricular tachyarrhythmia", VT: "ventricular tachycardia", VFL: "ventricular flutter or fibrillation", N: "no arrhythmia", pause: "pause" };
const SHORTEST_S = 2;
const MOST_PINNED = 0.66; // of the window's height
const QUIET_MS = 300;

class App {
  constructor() {
    this.view = { begin: 0, speed: 25, gain: 10, selection: new Set(), span: null, spanning: false };
    this.about = null;
    this.events = new Events((first) => get(`${this.address}/events`, { reviewer: this.reviewer, first }), (each) => this.showEvent(each));
    this.strip = new Strip($("strip"), this.view);
    this.day = new Day($("day"), $("band"), (t) => this.go(t - this.strip.seconds / 2));
    this.page = new Page($("page"), (t) => { this.setSpeed(Math.max(this.view.speed, 12.5)); this.go(t - this.strip.seconds / 2); this.reveal(); });
    this.intervals = new Intervals($("lorenz"), $("histogram"), (samples) => this.select(samples, true), (text) => { $("spoken").textContent = text; });
    this.templates = new Templates((lead) => get(`${this.address}/templates`, { reviewer: this.reviewer, ...(lead === undefined ? {} : { lead }) }), (samples) => this.select(samples, true));
    this.adapting = new Adapting(this);
    this.comparing = new Comparing(this);
    this.asked = false;
    this.later = 0;
    this.turn = 0;
  }

  get address() { return `/api/recordings/${encodeURIComponent(this.key)}`; }

  get reviewer() { return $("reviewer").value.trim(); }

  say(text) { $("message").textContent = text; }

  // Opening.

  async start() {
    $("reviewer").value = localStorage.getItem("ecgscribe reviewer") ?? "";
    const found = await get("/api/recordings");
    $("recording").replaceChildren(new Option("choose one…", ""), ...found.map((each) => new Option(each.name, each.key)));
    if (!found.length) this.say("No recordings found under the given paths.");
    await this.fromAddress(found);
  }

  async fromAddress(found) {
    const wanted = new URLSearchParams(location.hash.slice(1)).get("r");
    const key = found.find((each) => each.key === wanted)?.key ?? (found.length === 1 ? found[0].key : "");
    $("recording").value = key;
    if (key) await this.open(key);
  }

  async open(key) {
    this.key = key;
    this.about = null;
    this.events.clear();
    this.templates.clear();
    $("main").hidden = true;
    $("progress").hidden = false;
    const place = new URLSearchParams(location.hash.slice(1));
    for (;;) {
      const status = await get(this.address);
      if (this.key !== key) return;
      if (status.problem) { $("progress").hidden = true; this.say(status.problem); return; }
      $("stage").textContent = `${status.name}: ${status.stage}`;
      $("bar").value = status.part;
      if (status.ready) { this.status = status; break; }
      await new Promise((resolve) => { setTimeout(resolve, 250); });
    }
    $("progress").hidden = true;
    $("main").hidden = false;
    this.say("");
    document.title = `${this.status.name} – ecgscribe`;
    this.tiles = new Tiles(this.address, this.status, () => this.redraw(true));
    await this.load(this.status);
    this.clear();
    this.setView(Number(place.get("t")) || 0, Number(place.get("s")) || 25);
    $("strip").focus({ preventScroll: true });
    performance.mark("ecgscribe shown");
  }

  // Get what has changed. Of several calls, the last one's answers are shown, and all wait for them.
  load(about = this.about) {
    this.turn += 1;
    this.latest = this.loadNow(about, this.turn);
    return this.latest;
  }

  async loadNow(about, turn) {
    const who = { reviewer: this.reviewer };
    const [beats, summary] = await Promise.all([
      get(`${this.address}/beats`, who), get(`${this.address}/summary`, who), this.events.load(undefined, about),
    ]);
    if (turn !== this.turn) { await this.latest; return; }
    this.beats = new Beats(beats, about.fs);
    this.summary = summary;
    this.about = about;
    this.adapting.draw();
    const there = new Set(beats.sample);
    for (const each of this.view.selection) if (!there.has(each)) this.view.selection.delete(each);
    drawSummary(about, summary);
    drawFindings(about, summary.findings, (t) => this.go(t - this.strip.seconds / 2));
    this.day.draw(about, summary);
    $("edits").textContent = `${summary.edits} ${summary.edits === 1 ? "edit" : "edits"}`;
    $("undo").disabled = summary.edits === 0;
    $("redo").disabled = summary.undone === 0;
    this.templates.load(this.beats, about);
    this.redraw(true);
    await this.comparing.draw();
  }

  // Drawing.

  redraw(panels = false) {
    this.panels ||= panels;
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (!this.about) return;
      this.strip.draw(this.about, this.tiles, this.beats, this.summary);
      this.showScale();
      if (this.panels) this.drawPanelsSoon();
    });
  }

  // What is under the strip waits until the strip rests.
  drawPanelsSoon() {
    this.panels = false;
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      if (!this.about) return;
      const { begin } = this.view;
      const { fs } = this.about;
      this.day.drawBand(this.about, this.summary, { begin, seconds: this.strip.seconds });
      this.page.draw(this.about, this.tiles, this.beats, Math.max(begin, 0) + Math.min(this.strip.seconds, this.about.samples / fs) / 2);
      if (this.drawn?.[0] !== this.beats || this.drawn[1] !== this.view.selection) {
        this.intervals.draw(this.beats, this.view.selection);
        this.templates.mark(this.view.selection);
        this.drawn = [this.beats, this.view.selection];
      }
      if (!$("beats").hidden) {
        drawPlace(this.about, this.beats, begin, Math.min(begin + this.strip.seconds, this.about.samples / fs));
        drawTable(this.about, this.beats, this.beats.after(begin * fs), this.beats.after((begin + this.strip.seconds) * fs), this.view.selection, (k) => this.selectOnly(k));
      }
      history.replaceState(null, "", `#r=${this.key}&t=${begin.toFixed(2)}&s=${this.view.speed.toPrecision(6)}`);
    }, QUIET_MS);
  }

  showScale() {
    const { speed, gain, begin } = this.view;
    const shown = speed >= 1 ? speed.toFixed(1).replace(".0", "") : speed.toPrecision(2);
    $("scale").textContent = `${shown} mm/s · ${gain} mm/mV · ${clock(begin, this.about)} · ${lasting(this.strip.seconds)}`;
    $("keep").setAttribute("aria-pressed", String(this.summary.strips.includes(this.stripKey)));
    for (const button of $("speeds").children) button.setAttribute("aria-pressed", String(Number(button.value) === speed));
    for (const button of $("gains").children) button.setAttribute("aria-pressed", String(Number(button.value) === gain));
  }

  // Moving.

  setView(begin, speed) {
    const duration = this.about.samples / this.about.fs;
    const least = this.strip.width / pixelsPerMm() / Math.max(duration, SHORTEST_S);
    const most = this.strip.width / pixelsPerMm() / SHORTEST_S;
    this.view.speed = SPEEDS.includes(speed) ? speed : Math.min(Math.max(speed, least), Math.max(most, 50));
    this.view.begin = Math.max(0, Math.min(begin, duration - this.strip.seconds));
    this.redraw(true);
  }

  go(begin) { if (this.about) this.setView(begin, this.view.speed); }

  pan(part) { if (this.about) this.go(this.view.begin + part * this.strip.seconds); }

  // What is at `x` is at `to` afterwards.
  zoom(factor, x = this.strip.width / 2, to = x) {
    if (!this.about) return;
    const at = this.strip.time(x);
    this.setView(this.view.begin, this.view.speed * factor);
    this.go(at - to / this.strip.perSecond);
  }

  setSpeed(speed) {
    if (!this.about) return;
    const middle = this.strip.time(this.strip.width / 2);
    this.setView(this.view.begin, speed);
    this.go(middle - this.strip.seconds / 2);
  }

  setGain(gain) { this.view.gain = gain; if (this.about) this.redraw(); }

  nextGain() { this.setGain(GAINS[(GAINS.indexOf(this.view.gain) + 1) % GAINS.length]); }

  whole() { if (this.about) this.setView(0, 0); }

  show(sample, end = sample) {
    const { fs } = this.about;
    const inside = sample / fs >= this.view.begin && end / fs <= this.view.begin + this.strip.seconds;
    if (!inside) this.goTo(sample, end);
  }

  // A strip that leaves room for what is under it stays on the screen while that is scrolled.
  pin() {
    const section = $("strip-section");
    const isPinned = section.offsetHeight <= MOST_PINNED * window.innerHeight;
    section.classList.toggle("pinned", isPinned);
    document.documentElement.style.scrollPaddingTop = isPinned ? `${section.offsetHeight}px` : "";
  }

  // Scroll to the strip if it is not pinned.
  reveal() { if (!$("strip-section").classList.contains("pinned")) $("strip").scrollIntoView({ block: "nearest" }); }

  // Show a span of samples in the middle, or its begin where it is longer than the strip.
  goTo(begin, end) {
    const { fs } = this.about;
    this.go((begin + Math.min(end - begin, this.strip.seconds * fs * 0.8) / 2) / fs - this.strip.seconds / 2);
  }

  // Selecting.

  selectOnly(k) { this.select([this.beats.sample[k]]); $("spoken").textContent = this.described(k); }

  described(k) {
    const template = this.templates.name(k);
    return describe(this.about, this.beats, k) + (template && `, template ${template}`);
  }

  select(samples, go = false) {
    this.view.selection = new Set(samples);
    $("selection").hidden = samples.length === 0;
    $("selected").textContent = samples.length ? `${samples.length} selected: N S V F Q relabels them, X deletes them` : "";
    if (go && samples.length) this.show(samples[0]);
    this.redraw(true);
  }

  clear() { this.comparing.leave(); this.view.span = null; $("mark").hidden = true; $("spoken").textContent = ""; this.select([]); }

  step(way) {
    if (!this.about || !this.beats.length) return;
    const { fs } = this.about;
    const [only] = this.view.selection;
    const from = only === undefined ? -1 : this.beats.at(only);
    const k = from < 0 ? this.beats.nearest((this.view.begin + this.strip.seconds / 2) * fs) : from + way;
    if (k < 0 || k >= this.beats.length) return;
    this.selectOnly(k);
    this.show(this.beats.sample[k]);
  }

  // Go to the selected beat before or after the middle of the strip.
  toSelected(way) {
    if (!this.about) return;
    const middle = (this.view.begin + this.strip.seconds / 2) * this.about.fs;
    const beyond = [...this.view.selection].filter((each) => way * (each - middle) > 2);
    if (!beyond.length) return;
    const next = beyond.reduce((a, b) => (way * (a - b) < 0 ? a : b));
    this.go(next / this.about.fs - this.strip.seconds / 2);
    $("spoken").textContent = this.described(this.beats.at(next));
  }

  hover(k, x, y) {
    if (!this.about) return;
    $("tip").hidden = k < 0;
    if (k < 0) return;
    $("tip").textContent = this.described(k);
    $("tip").style.left = `${Math.min(x + 12, Math.max(this.strip.width - 330, 0))}px`;
    $("tip").style.top = `${y + 14}px`;
  }

  setSpan(from, to) {
    this.view.span = [from, to];
    $("mark").hidden = false;
    $("spoken").textContent = `span ${measured(this.view.span, this.beats, this.about.fs)}`;
    this.redraw();
  }

  spanEdge(which) {
    if (!this.about) return;
    const [only] = this.view.selection;
    const at = only === undefined ? this.view.begin + this.strip.seconds / 2 : only / this.about.fs;
    const span = this.view.span ?? [at, at];
    span[which] = at;
    this.setSpan(span[0], span[1]);
  }

  // Events.

  event(way) { if (this.about) this.events.step(way); }

  showEvent({ kind, text, begin, end }) {
    this.goTo(begin, end);
    $("spoken").textContent = `${kind}: ${text}`;
  }

  toggleSeen() {
    const chosen = this.events.current;
    if (chosen) this.change("marks", { kind: "seen", key: chosen.key, on: !chosen.seen });
    else this.say("Choose an event first: J.");
  }

  get stripKey() { return `${this.view.begin.toFixed(2)} ${this.strip.seconds.toFixed(2)}`; }

  keepStrip() {
    if (!this.about) return;
    const key = this.stripKey;
    this.change("marks", { kind: "strip", key, on: !this.summary.strips.includes(key) });
  }

  // Correcting. Every change goes to the server, which measures anew.

  async change(what, content) {
    if (!this.about) return false;
    if (!this.reviewer) {
      this.say("Enter your name first: each edit is kept with who made it.");
      $("reviewer").focus();
      return false;
    }
    try {
      await post(`${this.address}/${what}`, { reviewer: this.reviewer, ...content });
      await this.load();
      this.say("");
    } catch (error) {
      this.say(error.message);
      return false;
    }
    return true;
  }

  chosen() {
    if (!this.view.selection.size) this.say("Select a beat first: click its mark, or press . or ,");
    return [...this.view.selection];
  }

  relabel(letter) { const samples = this.chosen(); if (samples.length) this.change("edits", { kind: "relabel", samples, class: letter }); }

  remove() { const samples = this.chosen(); if (samples.length) this.change("edits", { kind: "delete", samples }); }

  async snapped(seconds) {
    const sample = Math.max(0, Math.min(Math.round(seconds * this.about.fs), this.about.samples - 1));
    return (await get(`${this.address}/snap`, { sample })).sample;
  }

  async add(seconds) {
    const sample = await this.snapped(seconds);
    if (this.beats.at(sample) >= 0) { this.select([sample]); return; }
    if (await this.change("edits", { kind: "add", sample, class: "N" })) this.selectOnly(this.beats.at(sample));
  }

  addInMiddle() { if (this.about) this.add(this.view.begin + this.strip.seconds / 2); }

  async move(sample, seconds) {
    const to = await this.snapped(seconds);
    if (to !== sample && await this.change("edits", { kind: "move", sample, to })) this.selectOnly(this.beats.at(to));
  }

  snapSelected() { const [sample] = this.chosen(); if (sample !== undefined) this.move(sample, sample / this.about.fs); }

  markSpan(kind) {
    const [begin, end] = [Math.min(...this.view.span), Math.max(...this.view.span)].map((t) => Math.max(0, Math.min(Math.round(t * this.about.fs), this.about.samples)));
    this.change("edits", { kind: "span", begin, end, as: kind });
  }

  undo() { this.change("undo", {}); }

  redo() { this.change("redo", {}); }

  help() { $("keys").showModal(); }

  showTable(on) {
    $("beats").hidden = !on;
    $("rows").setAttribute("aria-pressed", String(on));
    localStorage.setItem("ecgscribe table", on ? "shown" : "hidden");
    this.redraw(true);
  }

  toggleTable() { this.showTable($("beats").hidden); }
}

function button(text, value, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.value = value;
  made.addEventListener("click", () => act(value));
  return made;
}

const app = new App();
for (const [id, values, unit, set] of [["speeds", SPEEDS, "mm/s", (each) => app.setSpeed(each)], ["gains", GAINS, "mm/mV", (each) => app.setGain(each)]]) {
  for (const each of values) {
    const made = button(String(each), String(each), () => set(each));
    made.setAttribute("aria-label", `${each} ${unit}`);
    $(id).append(made);
  }
  $(id).append(unit);
}
$("spans").append(...Object.entries(SPANS).map(([kind, text]) => button(text, kind, () => app.markSpan(kind))));
$("relabel").append(
  ...["N", "S", "V", "F", "Q"].map((each) => button(each, each, () => app.relabel(each))),
  button("Delete", "", () => app.remove()), button("Previous", "", () => app.toSelected(-1)), button("Next", "", () => app.toSelected(1)),
);
keys.fillHelp($("keys"));
keys.listen(app);
pointer.listen($("strip"), app.strip, app);
$("undo").addEventListener("click", () => app.undo());
$("redo").addEventListener("click", () => app.redo());
$("help").addEventListener("click", () => app.help());
$("goto").addEventListener("change", (event) => {
  if (!app.about) return;
  const t = parseClock(event.target.value, app.about);
  app.say(t === null ? "Expected a time as h:mm:ss." : "");
  if (t !== null) app.go(t - app.strip.seconds / 2);
});
$("rows").addEventListener("click", () => app.toggleTable());
app.showTable(localStorage.getItem("ecgscribe table") !== "hidden");
$("whole").addEventListener("click", () => app.whole());
$("zoom-in").addEventListener("click", () => app.zoom(1.5));
$("zoom-out").addEventListener("click", () => app.zoom(1 / 1.5));
$("keep").addEventListener("click", () => app.keepStrip());
$("event-seen").addEventListener("click", () => app.toggleSeen());
$("span").addEventListener("click", ({ target }) => {
  app.view.spanning = !app.view.spanning;
  target.setAttribute("aria-pressed", String(app.view.spanning));
});
$("recording").addEventListener("change", (event) => { location.hash = ""; if (event.target.value) app.open(event.target.value); });
$("reviewer").addEventListener("change", async () => {
  localStorage.setItem("ecgscribe reviewer", app.reviewer);
  if (app.about) await app.load();
});
$("export").addEventListener("change", (event) => {
  const form = event.target.value;
  event.target.value = "";
  if (form && app.about) location.assign(`${app.address}/export/${form}?${new URLSearchParams({ reviewer: app.reviewer })}`);
});
$("calibrate").addEventListener("click", () => {
  $("calibration").hidden = !$("calibration").hidden;
  $("ruler-length").value = String(pixelsPerMm());
  $("ruler").style.width = `${100 * pixelsPerMm()}px`;
});
$("ruler-length").addEventListener("input", (event) => {
  localStorage.setItem("ecgscribe pixels per mm", event.target.value);
  $("ruler").style.width = `${100 * pixelsPerMm()}px`;
  if (app.about) app.go(app.view.begin);
});
new ResizeObserver(() => { if (app.about) { app.day.draw(app.about, app.summary); app.go(app.view.begin); } }).observe($("strip-box"));
new ResizeObserver(() => app.pin()).observe($("strip-section"));
window.addEventListener("resize", () => app.pin());
onThemeChange(() => { if (app.about) { app.drawn = null; app.day.draw(app.about, app.summary); app.templates.paint(); app.redraw(true); } });
app.start().catch((error) => app.say(error.message));
window.addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof Unreachable)) return;
  event.preventDefault();
  app.say(event.reason.message);
});
