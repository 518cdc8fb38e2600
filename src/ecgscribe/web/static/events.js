// The list of events, a page at a time. All are counted; the server sends those of one page.

import { clock } from "./time.js";

const $ = (id) => document.getElementById(id);

export class Events {
  // `ask(first)` returns a page from the server; `show(event)` goes to an event.
  constructor(ask, show) {
    this.ask = ask;
    this.show = show;
    this.asked = 0;
    $("event-kind").addEventListener("change", (event) => this.load(Number(event.target.value)));
    $("events-before").addEventListener("click", () => this.load(this.content.first - this.size));
    $("events-after").addEventListener("click", () => this.load(this.content.first + this.size));
    this.clear();
  }

  clear() {
    this.content = null;
    this.size = 0;
    this.at = -1; // position of the current event; between two where it is gone
    this.key = null;
  }

  get current() {
    const k = this.at - (this.content?.first ?? 0);
    return this.content?.events[k] ?? null;
  }

  // Ask for a page; by default again for the one that is shown, as after an edit.
  async load(first = this.content?.first ?? 0, about = this.about) {
    this.asked += 1;
    const { asked } = this;
    const content = await this.ask(Math.max(0, first));
    if (asked !== this.asked) return;
    this.about = about;
    if (!content.events.length && content.first > 0) { await this.load(Math.max(0, content.total - 1)); return; }
    this.content = content;
    this.size = content.page;
    const shown = this.at >= content.first && this.at < content.first + this.size;
    if (shown && this.key !== null) {
      const k = content.events.findIndex((each) => each.key === this.key);
      if (k >= 0) this.at = content.first + k;
      else { this.at = Math.ceil(this.at) - 0.5; this.key = null; }
    }
    this.draw();
  }

  async step(way) {
    if (!this.content) return;
    const to = way > 0 ? Math.floor(this.at) + 1 : Math.ceil(this.at) - 1;
    if (to < 0 || to >= this.content.total) return;
    const { first, events } = this.content;
    if (to < first || to >= first + events.length) await this.load(Math.floor(to / this.size) * this.size);
    this.choose(to);
  }

  choose(at) {
    const chosen = this.content.events[at - this.content.first];
    if (!chosen) return;
    this.at = at;
    this.key = chosen.key;
    this.draw();
    this.show(chosen);
  }

  draw() {
    const { total, kinds, first, events } = this.content;
    const last = first + events.length;
    $("seen").textContent = kinds.map((each) => `${each.kind}: ${each.seen} of ${each.count} seen`).join("; ") || "none";
    $("event-kind").replaceChildren(...kinds.map((each) => new Option(`${each.kind} (${each.count})`, String(each.first))));
    const of = kinds.findLast((each) => each.first <= first);
    if (of) $("event-kind").value = String(of.first);
    $("event-pages").hidden = total === 0;
    $("events-shown").textContent = `${first + 1} to ${last} of ${total}`;
    $("events-before").disabled = first === 0;
    $("events-after").disabled = last === total;
    $("events").replaceChildren(...events.map((each, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${each.seen ? "✓ " : ""}${each.kind}: ${each.text}, ${clock(each.begin / this.about.fs, this.about)}`;
      button.setAttribute("aria-current", String(first + k === this.at));
      button.addEventListener("click", () => this.choose(first + k));
      return button;
    }));
    // Only the list is scrolled, never the strip out of sight.
    const chosen = $("events").children[this.at - first];
    if (chosen) $("events").scrollTop = chosen.offsetTop - $("events").offsetTop - $("events").clientHeight / 2;
  }
}
