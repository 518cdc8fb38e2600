// RR intervals: a Lorenz plot and a histogram. What is dragged over or clicked selects beats; what
// is selected on the strip shows here.

import { context, palette } from "./palette.js";

const SIZE = 260;
const LOW = 120;
const MOST_MS = 2400; // what is longer is drawn there
const BIN_MS = 40;
const TICKS = [600, 1200, 1800];

// Width and height of the mark of each class in the Lorenz plot: colour is not the only sign.
const MARKS = { N: [1.5, 1.5], S: [1.5, 4.5], V: [4.5, 1.5], F: [3, 3], Q: [3, 3] };

const clipped = (rr) => Math.min(rr, MOST_MS - 1);
const binOf = (rr) => Math.floor(clipped(rr) / BIN_MS);

export class Intervals {
  constructor(lorenz, histogram, select) {
    this.lorenz = lorenz;
    this.histogram = histogram;
    this.select = select;
    this.beats = null;
    lorenz.addEventListener("pointerdown", (event) => {
      this.from = [event.offsetX, event.offsetY];
      lorenz.setPointerCapture(event.pointerId);
    });
    lorenz.addEventListener("pointerup", (event) => {
      if (!this.from || !this.beats) return;
      const [x, y] = this.from;
      this.from = null;
      this.choose(Math.min(x, event.offsetX), Math.max(x, event.offsetX) + 2, Math.min(y, event.offsetY), Math.max(y, event.offsetY) + 2);
    });
    histogram.addEventListener("click", (event) => {
      if (!this.beats) return;
      const bin = Math.floor((event.offsetX / SIZE) * (MOST_MS / BIN_MS));
      this.select(this.where((rr) => binOf(rr) === bin));
    });
  }

  where(holds) {
    const chosen = [];
    for (let k = 1; k < this.beats.length; k += 1) {
      const rr = this.beats.rr(k);
      if (rr !== null && holds(rr, k)) chosen.push(this.beats.sample[k]);
    }
    return chosen;
  }

  choose(left, right, top, bottom) {
    const scale = SIZE / MOST_MS;
    this.select(this.where((rr, k) => {
      const before = this.beats.rr(k - 1);
      const [x, y] = [clipped(before) * scale, SIZE - clipped(rr) * scale];
      return before !== null && x >= left && x <= right && y >= top && y <= bottom;
    }));
  }

  draw(beats, selection) {
    this.beats = beats;
    this.histogram.dataset.beats = beats.length;
    const colours = palette();
    const ctx = context(this.lorenz, SIZE, SIZE);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, SIZE, SIZE);
    ctx.strokeStyle = colours.noise;
    ctx.strokeRect(0.5, 0.5, SIZE - 1, SIZE - 1);
    const scale = SIZE / MOST_MS;
    ctx.fillStyle = colours.faint;
    ctx.font = "11px system-ui";
    for (const ms of TICKS) {
      ctx.fillRect(ms * scale, SIZE - 4, 1, 4);
      ctx.fillRect(0, SIZE - ms * scale, 4, 1);
      ctx.fillText(String(ms), ms * scale - 11, SIZE - 7);
      ctx.fillText(String(ms), 7, SIZE - ms * scale + 4);
    }
    ctx.fillText("RR, ms", 4, 12);
    ctx.fillText("RR before, ms", SIZE - 76, SIZE - 22);
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
          ctx.fillRect(clipped(before) * scale - wide / 2, SIZE - clipped(rr) * scale - high / 2, wide, high);
        }
      }
    }
    this.drawHistogram(colours, bins, marked);
  }

  drawHistogram(colours, bins, marked) {
    const ctx = context(this.histogram, SIZE, LOW);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, SIZE, LOW);
    const most = Math.max(...bins, 1);
    const wide = SIZE / bins.length;
    for (const [values, colour] of [[bins, colours.faint], [marked, colours.chosen]]) {
      ctx.fillStyle = colour;
      values.forEach((n, k) => {
        const height = n ? Math.max(1, (n / most) * (LOW - 16)) : 0;
        ctx.fillRect(k * wide, LOW - 14 - height, wide - 1, height);
      });
    }
    ctx.fillStyle = colours.faint;
    ctx.font = "11px system-ui";
    for (const ms of TICKS) ctx.fillText(`${ms} ms`, ms * (SIZE / MOST_MS) - 14, LOW - 2);
  }
}
