// The strip: paper, leads, beats. Scales are true once the screen is calibrated.

import { measured } from "./calipers.js";
import { clock, startOf } from "./time.js";
import { context, palette } from "./palette.js";

const TOP = 46;
const BOTTOM = 20;
const ROWS_MM = [50, 42, 34]; // a row of one lead, of two, of more
const LEAST_GRID = 10; // mm/s, below which the squares are too small to count
const MOST_LEAN = 0.3; // of a row, by which its baseline is lower where the waves are upright, or higher
const NAMED_S = 600; // of a strip, up to which spans have their names in it
const CUT = 14; // pixels, of which one triangle marks waves that are cut off
const CLASSES = ["N", "S", "V", "F", "Q"];
const STEPS = [0.2, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400];

export function pixelsPerMm() {
  const stored = Number(localStorage.getItem("ecgscribe pixels per mm"));
  return stored >= 1 && stored <= 20 ? stored : 96 / 25.4;
}

function paper(colours, width, height, mm, ratio) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  for (const [step, colour] of [[1, colours.small], [5, colours.large]]) {
    ctx.beginPath();
    for (let x = 0; x < width; x += step * mm) { ctx.moveTo(Math.round(x) + 0.5, 0); ctx.lineTo(Math.round(x) + 0.5, height); }
    for (let y = 0; y < height; y += step * mm) { ctx.moveTo(0, Math.round(y) + 0.5); ctx.lineTo(width, Math.round(y) + 0.5); }
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
  return canvas;
}

export class Strip {
  // `view` has begin (s), speed (mm/s), gain (mm/mV), selection, span, drawn anew by draw().
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
  }

  get width() { return this.canvas.clientWidth; }

  get perSecond() { return this.view.speed * pixelsPerMm(); }

  get seconds() { return this.width / this.perSecond; }

  x(seconds) { return (seconds - this.view.begin) * this.perSecond; }

  time(x) { return this.view.begin + x / this.perSecond; }

  row(leads) { return ROWS_MM[Math.min(leads, ROWS_MM.length) - 1] * pixelsPerMm(); }

  height(leads) { return TOP + BOTTOM + leads * this.row(leads); }

  draw(about, tiles, beats, summary) {
    const { width } = this;
    const height = this.height(about.leads.length);
    const colours = palette();
    const ctx = context(this.canvas, width, height);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, width, height);
    this.grid(ctx, colours, width, height);
    this.spans(ctx, colours, about, summary, height);
    const row = this.row(about.leads.length);
    about.leads.forEach((name, k) => this.lead(ctx, colours, about, tiles, k, TOP + row * k, row, name));
    this.beats(ctx, colours, about, beats, height);
    this.calipers(ctx, colours, about, beats);
  }

  calipers(ctx, colours, about, beats) {
    const { span } = this.view;
    if (!span) return;
    const text = measured(span, beats, about.fs);
    ctx.font = "bold 13px system-ui";
    const wide = ctx.measureText(text).width;
    const left = Math.max(2, Math.min(this.x((span[0] + span[1]) / 2) - wide / 2, this.width - wide - 2));
    ctx.fillStyle = colours.ground;
    const bottom = this.height(about.leads.length) - BOTTOM;
    ctx.fillRect(left - 3, bottom - 20, wide + 6, 18);
    ctx.fillStyle = colours.chosen;
    ctx.fillText(text, left, bottom - 6);
  }

  // The squares are drawn once and then moved: they are the same at every speed.
  grid(ctx, colours, width, height) {
    if (this.view.speed < LEAST_GRID) return;
    const size = 5 * pixelsPerMm();
    const ratio = window.devicePixelRatio || 1;
    const key = [width, height, size, ratio, colours.ground].join(" ");
    if (this.paperKey !== key) {
      this.paperKey = key;
      this.paper = paper(colours, Math.ceil(width + size), height - TOP - BOTTOM, size / 5, ratio);
    }
    const left = -Math.round((this.view.begin * this.perSecond) % size);
    ctx.drawImage(this.paper, left, TOP, this.paper.width / ratio, this.paper.height / ratio);
  }

  spans(ctx, colours, about, summary, height) {
    const shade = (begin, end, colour, top, bottom) => {
      const left = Math.max(this.x(begin), 0);
      const right = Math.min(this.x(end), this.width);
      if (right > left) { ctx.fillStyle = colour; ctx.fillRect(left, top, Math.max(right - left, 1), bottom - top); }
      return right > left ? left : null;
    };
    const ends = new Map();  // where the last name in each line ends
    const named = (text, left, first) => {
      let line = first;
      while ((ends.get(line) ?? 0) > left) line += 1;
      ends.set(line, left + 6 + ctx.measureText(text).width);
      ctx.fillStyle = colours.ink;
      ctx.fillText(text, left + 6, TOP + 15 * line);
    };
    ctx.font = "12px system-ui";
    for (const [begin, end] of summary.unreadable) {
      const left = shade(begin / about.fs, end / about.fs, colours.noise, TOP, height - BOTTOM);
      if (left !== null && this.seconds < NAMED_S) named("unreadable", left, 3);
    }
    for (const each of summary.rhythms) {
      if (each.kind !== "N") {
        shade(each.begin / about.fs, each.end / about.fs, colours.shade, TOP, height - BOTTOM);
        const left = shade(each.begin / about.fs, each.end / about.fs, colours.rhythm, TOP - 5, TOP - 1);
        if (left !== null && this.seconds < NAMED_S) named(about.rhythmNames[each.kind] ?? each.kind, left, 2);
      }
    }
    const { span } = this.view;
    if (span) {
      const [begin, end] = [Math.min(...span), Math.max(...span)];
      shade(begin, end, colours.span, 0, height);
      ctx.strokeStyle = colours.chosen;
      ctx.beginPath();
      for (const x of [this.x(begin), this.x(end)]) { ctx.moveTo(x, 0); ctx.lineTo(x, height); }
      ctx.stroke();
    }
  }

  lead(ctx, colours, about, tiles, lead, top, row, name) {
    const begin = this.view.begin * about.fs;
    const end = begin + this.seconds * about.fs;
    const level = tiles.level((end - begin) / this.width);
    const offset = tiles.middle(lead, (begin + end) / 2);
    const perUnit = this.view.gain * pixelsPerMm();
    const most = MOST_LEAN * row;
    const middle = top + row / 2 + Math.max(-most, Math.min(about.lean[lead] * perUnit, most));
    if (offset !== null) {
      const scale = this.perSecond / about.fs;
      const lowest = this.height(about.leads.length) - BOTTOM;
      const cut = [new Set(), new Set()]; // places where a wave leaves the paper above, and below
      const check = (x, y) => { if (y < TOP) cut[0].add(Math.floor(x / CUT)); else if (y > lowest) cut[1].add(Math.floor(x / CUT)); };
      ctx.save();
      ctx.beginPath();
      ctx.rect(0, TOP, this.width, lowest - TOP); // a tall wave may reach into the next row
      ctx.clip();
      ctx.beginPath();
      let isDown = false;
      if ((end - begin) / this.width < 2) {
        tiles.each(lead, begin - 1, end + 1, 0, (sample, value) => {
          const x = (sample - begin) * scale;
          const y = middle - (value - offset) * perUnit;
          check(x, y);
          if (!Number.isFinite(y)) isDown = false;
          else if (isDown) ctx.lineTo(x, y);
          else { ctx.moveTo(x, y); isDown = true; }
        });
      } else {
        // Per column, one line from the lowest to the highest, which meets that of the column before.
        ctx.fillStyle = colours.trace;
        let column = -1;
        let low = Infinity;
        let high = -Infinity;
        const put = () => {
          if (low <= high) {
            const y = Math.round(middle - (high - offset) * perUnit);
            ctx.fillRect(column, y, 1, Math.ceil((high - low) * perUnit) + 1);
            check(column, y);
            check(column, y + (high - low) * perUnit);
          }
        };
        tiles.each(lead, begin, end, level, (sample, a, b) => {
          const x = Math.floor((sample - begin) * scale);
          if (x !== column) {
            put();
            column = x;
            [low, high] = low <= high ? [high, low] : [Infinity, -Infinity];
          }
          if (Number.isFinite(a)) { low = Math.min(low, a); high = Math.max(high, b); }
        });
        put();
      }
      ctx.strokeStyle = colours.trace;
      ctx.lineWidth = 1.1;
      ctx.stroke();
      ctx.restore();
      if (this.seconds < NAMED_S) this.cut(ctx, colours, cut, lowest);
    }
    ctx.font = "bold 13px system-ui";
    ctx.fillStyle = colours.ink;
    ctx.fillText(name, 6, top + 15);
  }

  // A triangle where a wave is cut off, as it leaves the paper.
  cut(ctx, colours, [above, below], lowest) {
    ctx.fillStyle = colours.chosen;
    ctx.beginPath();
    for (const [places, edge, way] of [[above, TOP, 7], [below, lowest, -7]]) {
      for (const k of places) {
        const x = (k + 0.5) * CUT;
        ctx.moveTo(x - 5, edge + way); ctx.lineTo(x + 5, edge + way); ctx.lineTo(x, edge);
      }
    }
    ctx.fill();
  }

  beats(ctx, colours, about, beats, height) {
    const begin = this.view.begin * about.fs;
    const end = begin + this.seconds * about.fs;
    const first = beats.after(begin);
    const last = beats.after(end);
    const scale = this.perSecond / about.fs;
    const spacing = this.width / Math.max(last - first, 1);
    const { selection } = this.view;
    // Every mark is drawn; those of one class in one column are one line.
    for (const letter of CLASSES) {
      ctx.beginPath();
      let column = -1;
      for (let k = first; k < last; k += 1) {
        if (beats.letter[k] === letter) {
          const x = Math.round((beats.sample[k] - begin) * scale);
          if (x !== column) {
            column = x;
            const top = 20 - 2 * CLASSES.indexOf(letter);
            ctx.moveTo(x + 0.5, top);
            ctx.lineTo(x + 0.5, spacing > 12 && letter !== "N" ? height - BOTTOM : TOP - 12);
          }
        }
      }
      ctx.strokeStyle = colours[letter];
      ctx.globalAlpha = spacing > 12 ? 0.6 : 1;
      ctx.lineWidth = 1;
      ctx.stroke();
      ctx.globalAlpha = 1;
    }
    if (selection.size) this.selected(ctx, colours, beats, first, last, begin, scale, selection, height);
    if (spacing > 9) this.letters(ctx, colours, beats, first, last, begin, scale, spacing);
    this.ghosts(ctx, colours, beats, begin, end, scale);
    this.ticks(ctx, colours, about, height);
  }

  selected(ctx, colours, beats, first, last, begin, scale, selection, height) {
    ctx.fillStyle = colours.span;
    const wide = Math.max(2, Math.min(16, 0.1 * this.perSecond));
    let column = -1;
    for (let k = first; k < last; k += 1) {
      const x = Math.round((beats.sample[k] - begin) * scale);
      if (x !== column && selection.has(beats.sample[k])) {
        column = x;
        ctx.fillRect(x - wide / 2, 0, wide, height - BOTTOM);
      }
    }
  }

  letters(ctx, colours, beats, first, last, begin, scale, spacing) {
    ctx.textAlign = "center";
    for (let k = first; k < last; k += 1) {
      const x = (beats.sample[k] - begin) * scale;
      const letter = beats.letter[k];
      ctx.font = beats.readable[k] === "1" ? "bold 14px system-ui" : "italic 12px system-ui";
      ctx.fillStyle = colours[letter];
      ctx.fillText(beats.readable[k] === "1" ? letter : letter.toLowerCase(), x, 14);
      if (beats.edited[k] === "1") ctx.strokeRect(x - 8.5, 1.5, 17, 16);
      if (beats.adapted[k] === "1") ctx.fillRect(x - 6, 16, 12, 1.5);
      const rr = spacing > 34 ? beats.rr(k) : null;
      if (rr !== null) {
        ctx.font = "11px system-ui";
        ctx.fillStyle = colours.faint;
        ctx.fillText(String(Math.round(rr)), x - (beats.sample[k] - beats.sample[k - 1]) * scale / 2, 30);
      }
    }
    ctx.textAlign = "start";
  }

  ghosts(ctx, colours, beats, begin, end, scale) {
    ctx.strokeStyle = colours.faint;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    for (let k = beats.after(begin, beats.ghosts); k < beats.ghosts.length && beats.ghosts[k] < end; k += 1) {
      const x = (beats.ghosts[k] - begin) * scale;
      ctx.moveTo(x - 4, 4); ctx.lineTo(x + 4, 14);
      ctx.moveTo(x + 4, 4); ctx.lineTo(x - 4, 14);
      ctx.moveTo(x, 16); ctx.lineTo(x, TOP);
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }

  ticks(ctx, colours, about, height) {
    const step = STEPS.find((each) => each * this.perSecond > 90) ?? 28800;
    ctx.font = "11px system-ui";
    ctx.fillStyle = colours.faint;
    const from = startOf(about); // whole steps of the clock, which the recording need not begin with
    for (let t = Math.ceil((this.view.begin + from) / step) * step - from; t < this.view.begin + this.seconds; t += step) {
      const x = this.x(t);
      ctx.fillRect(x, height - BOTTOM, 1, 5);
      ctx.fillText(clock(t, about, step < 1 ? 1 : 0), x + 3, height - 6);
    }
  }
}
