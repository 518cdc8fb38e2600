// Templates: beats in bins by class and shape, with counts. A click selects the beats of a bin; the
// bins of the beats that are selected are marked.

import { context, palette } from "./palette.js";

const $ = (id) => document.getElementById(id);
const [WIDTH, HEIGHT] = [96, 56];

export class Templates {
  // `ask(lead)` returns the bins from the server, `lead` being undefined for the usual one;
  // `select(samples)` selects beats.
  constructor(ask, select) {
    this.ask = ask;
    this.select = select;
    this.asked = 0;
    $("template-lead").addEventListener("change", (event) => { this.lead = event.target.value; this.load(this.beats); });
    this.clear();
  }

  clear() {
    this.content = null;
    this.beats = null;
    this.lead = undefined;
    $("templates").replaceChildren();
  }

  async load(beats, about = this.about) {
    this.asked += 1;
    const { asked } = this;
    const content = await this.ask(this.lead);
    if (asked !== this.asked) return;
    [this.beats, this.about, this.content] = [beats, about, content];
    $("template-lead").replaceChildren(...about.leads.map((name, k) => new Option(name, String(k))));
    $("template-lead").value = String(content.lead);
    this.draw();
    this.mark(this.selection ?? new Set());
  }

  // The name of the bin of a beat; "" while it is not known.
  name(k) { return this.content?.bins[this.content.bin[k]]?.name ?? ""; }

  choose(bin) {
    if (this.content.bin.length !== this.beats.length) return;
    this.select(this.beats.sample.filter((_, k) => this.content.bin[k] === bin));
  }

  draw() {
    $("templates").replaceChildren(...this.content.bins.map((each, bin) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `${each.name}: ${each.count} beats of class ${this.about.classes[each.class]}`);
      const canvas = document.createElement("canvas");
      canvas.style.width = `${WIDTH}px`;
      const text = document.createElement("span");
      text.textContent = `${each.name} · ${each.count}`;
      const chosen = document.createElement("span");
      chosen.className = "chosen";
      button.append(canvas, text, chosen);
      button.addEventListener("click", () => this.choose(bin));
      return button;
    }));
    this.paint();
  }

  // Draw the waves in the colours of the theme.
  paint() {
    if (!this.content) return;
    const waves = this.content.bins.map((each) => each.wave).filter((each) => each !== null);
    const low = Math.min(0, ...waves.flat());
    const high = Math.max(0.1, ...waves.flat());
    const canvases = $("templates").querySelectorAll("canvas");
    this.content.bins.forEach((each, bin) => this.picture(canvases[bin], each, low, high));
  }

  picture(canvas, { wave, class: letter }, low, high) {
    const colours = palette();
    const ctx = context(canvas, WIDTH, HEIGHT);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, WIDTH, HEIGHT);
    ctx.fillStyle = colours.faint;
    ctx.font = "11px system-ui";
    ctx.textAlign = "center";
    if (wave === null) { ctx.fillText("various", WIDTH / 2, HEIGHT / 2 + 4); return; }
    ctx.beginPath();
    wave.forEach((value, k) => ctx.lineTo((k / (wave.length - 1)) * WIDTH, 3 + ((high - value) / (high - low)) * (HEIGHT - 6)));
    ctx.strokeStyle = colours[letter];
    ctx.lineWidth = 1.6;
    ctx.stroke();
  }

  // Mark the bins of the beats that are selected.
  mark(selection) {
    this.selection = selection;
    if (!this.content || this.content.bin.length !== this.beats.length) return;
    const counts = new Array(this.content.bins.length).fill(0);
    for (const sample of selection) {
      const k = this.beats.at(sample);
      if (k >= 0) counts[this.content.bin[k]] += 1;
    }
    counts.forEach((count, bin) => {
      const button = $("templates").children[bin];
      button.setAttribute("aria-pressed", String(count > 0));
      button.querySelector(".chosen").textContent = count ? `${count} selected` : "";
    });
  }
}
