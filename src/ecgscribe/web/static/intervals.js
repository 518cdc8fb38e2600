// RR intervals: a Lorenz plot and a histogram. What is dragged over, clicked, or chosen by the arrow
// keys selects beats; what is selected on the strip shows here.

import { context, palette } from "./palette.js";

const SIZE = 260;
const LOW = 120;
const MOST_MS = 2400; // what is longer is drawn there
const BIN_MS = 40;
const CELL_MS = 80; // of the cursor that the arrow keys move over the Lorenz plot
const SCALE = SIZE / MOST_MS;
const TICKS = [600, 1200, 1800];
// Width and height of the mark of each class in the Lorenz plot: colour is not the only sign.
const MARKS = { N: [1.5, 1.5], S: [1.5, 4.5], V: [4.5, 1.5], F: [3, 3], Q: [3, 3] };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

const clipped = (rr) => Math.min(rr, MOST_MS - 1);
const binOf = (rr, size = BIN_MS) => Math.floor(clipped(rr) / size);

export class Intervals {
  // `select(samples)` selects beats; `say(text)` speaks.
  constructor(lorenz, histogram, select, say) {
    this.lorenz = lorenz;
    this.histogram = histogram;
    this.select = select;
    this.say = say;
    this.beats = null;
    this.selection = new Set();
    this.cell = [10, 10];
    this.bin = 20;
    lorenz.addEventListener("pointerdown", (event) => {
      this.from = [event.offsetX, event.offsetY];
      lorenz.setPointerCapture(event.pointerId);
    });
    lorenz.addEventListener("pointerup", (event) => {
      if (!this.from || !this.beats) return;
      const [x, y] = this.from;
      this.from = null;
      const [left, right] = [Math.min(x, event.offsetX), Math.max(x, event.offsetX) + 2];
      const [top, bottom] = [Math.min(y, event.offsetY), Math.max(y, event.offsetY) + 2];
      this.select(this.within(left / SCALE, right / SCALE, (SIZE - bottom) / SCALE, (SIZE - top) / SCALE));
    });
    histogram.addEventListener("click", (event) => {
      if (this.beats) this.select(this.inBin(binOf(event.offsetX / SCALE)));
    });
    this.keys(lorenz, ([x, y]) => { this.cell = this.cell.map((at, k) => kept(at + [x, y][k], MOST_MS / CELL_MS)); }, () => this.inCell());
    this.keys(histogram, ([x]) => { this.bin = kept(this.bin + x, MOST_MS / BIN_MS); }, () => this.inBin(this.bin));
  }

  // The arrow keys move a cursor, Enter selects what is under it.
  keys(canvas, move, under) {
    canvas.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!this.beats || event.ctrlKey || event.metaKey || event.altKey || (!arrow && event.key !== "Enter")) return;
      event.preventDefault();
      event.stopPropagation();
      if (!arrow) { this.select(under()); return; }
      move(arrow);
      this.draw(this.beats, this.selection);
      this.say(this.described(canvas, under().length));
    });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => { if (this.beats) this.draw(this.beats, this.selection); });
  }

  described(canvas, number) {
    const range = (k, size) => `${k * size} to ${(k + 1) * size} ms`;
    const [before, rr] = this.cell;
    return canvas === this.histogram ? `RR ${range(this.bin, BIN_MS)}: ${number} intervals`
      : `RR ${range(rr, CELL_MS)} after ${range(before, CELL_MS)}: ${number} intervals`;
  }

  where(holds) {
    const chosen = [];
    for (let k = 1; k < this.beats.length; k += 1) {
      const rr = this.beats.rr(k);
      if (rr !== null && holds(rr, k)) chosen.push(this.beats.sample[k]);
    }
    return chosen;
  }

  inBin(bin) { return this.where((rr) => binOf(rr) === bin); }

  inCell() {
    const [before, rr] = this.cell.map((k) => k * CELL_MS);
    return this.within(before, before + CELL_MS - 1e-6, rr, rr + CELL_MS - 1e-6);
  }

  // Beats whose RR interval, and the one before, are in a rectangle of the Lorenz plot, in ms.
  within(left, right, low, high) {
    return this.where((rr, k) => {
      const before = this.beats.rr(k - 1);
      if (before === null) return false;
      const [x, y] = [clipped(before), clipped(rr)];
      return x >= left && x <= right && y >= low && y <= high;
    });
  }

  draw(beats, selection) {
    this.beats = beats;
    this.selection = selection;
    this.histogram.dataset.beats = beats.length;
    const colours = palette();
    const ctx = context(this.lorenz, SIZE, SIZE);
    this.axes(ctx, colours);
    const bins = new Float64Array(MOST_MS / BIN_MS);
    const marked = new Float64Array(MOST_MS / BIN_MS);
    for (let k = 1; k < beats.length; k += 1) {
      const rr = beats.rr(k);
      if (rr !== null) {
        const isChosen = selection.has(beats.sample[k]);
        bins[binOf(rr)] += 1;
        if (isChosen) marked[binOf(rr)] += 1;
        const before = beats.rr(k - 1);
        if (before !== null) {
          ctx.fillStyle = isChosen ? colours.chosen : colours[beats.letter[k]];
          const [wide, high] = isChosen ? [4, 4] : MARKS[beats.letter[k]];
          ctx.fillRect(clipped(before) * SCALE - wide / 2, SIZE - clipped(rr) * SCALE - high / 2, wide, high);
        }
      }
    }
    if (document.activeElement === this.lorenz) {
      const [x, y] = this.cell.map((k) => k * CELL_MS * SCALE);
      const size = CELL_MS * SCALE;
      ctx.strokeStyle = colours.ink;
      ctx.strokeRect(x, SIZE - y - size, size, size);
    }
    this.drawHistogram(colours, bins, marked);
  }

  axes(ctx, colours) {
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, SIZE, SIZE);
    ctx.strokeStyle = colours.noise;
    ctx.strokeRect(0.5, 0.5, SIZE - 1, SIZE - 1);
    ctx.fillStyle = colours.faint;
    ctx.font = "11px system-ui";
    for (const ms of TICKS) {
      ctx.fillRect(ms * SCALE, SIZE - 4, 1, 4);
      ctx.fillRect(0, SIZE - ms * SCALE, 4, 1);
      ctx.fillText(String(ms), ms * SCALE - 11, SIZE - 7);
      ctx.fillText(String(ms), 7, SIZE - ms * SCALE + 4);
    }
    ctx.fillText("RR, ms", 4, 12);
    ctx.textAlign = "end";
    ctx.fillText("RR before, ms", SIZE - 4, SIZE - 22);
    ctx.textAlign = "start";
  }

  drawHistogram(colours, bins, marked) {
    const ctx = context(this.histogram, SIZE, LOW);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, SIZE, LOW);
    const most = Math.max(...bins, 1);
    const wide = SIZE / bins.length;
    const height = (n) => (n ? Math.max(1, (n / most) * (LOW - 24)) : 0);
    for (const [values, colour] of [[bins, colours.faint], [marked, colours.chosen]]) {
      ctx.fillStyle = colour;
      values.forEach((n, k) => ctx.fillRect(k * wide, LOW - 14 - height(n), wide - 1, height(n)));
    }
    // A triangle is above each bin of which some is selected: colour is not the only sign.
    marked.forEach((n, k) => {
      if (!n) return;
      const [x, y] = [(k + 0.5) * wide, LOW - 16 - height(bins[k])];
      ctx.beginPath();
      ctx.moveTo(x - 3, y - 5); ctx.lineTo(x + 3, y - 5); ctx.lineTo(x, y);
      ctx.fill();
    });
    if (document.activeElement === this.histogram) {
      ctx.strokeStyle = colours.ink;
      ctx.strokeRect(this.bin * wide - 0.5, 0.5, wide, LOW - 14);
    }
    ctx.fillStyle = colours.faint;
    ctx.font = "11px system-ui";
    for (const ms of TICKS) ctx.fillText(`${ms} ms`, ms * SCALE - 14, LOW - 2);
  }
}

function kept(at, count) { return Math.max(0, Math.min(at, count - 1)); }
