// The whole recording: heart rate over time, ectopic beats, and a band of rhythms and noise.

import uPlot from "./vendor/uplot.js";
import { Slider } from "./slider.js";
import { clock, startOf } from "./time.js";
import { context, palette } from "./palette.js";

const HEIGHT = 150;
const PARTS = 100; // of the recording, of which an arrow key moves by one
const STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400];

const bars = uPlot.paths.bars({ size: [0.6, 8, 1] });
// Bars reach half of the height: V from below, S from above.
const range = (u, low, high) => [0, Math.max(4, high) * 2];

// Whole steps of the clock, which the recording need not begin with.
function ticks(about, duration, step) {
  const from = startOf(about);
  const found = [];
  for (let t = Math.ceil(from / step) * step - from; t <= duration; t += step) found.push(t);
  return found;
}

const label = (t, about, step) => (step < 60 ? clock(t, about) : clock(t, about).replace(/:\d\d$/, ""));

export class Day {
  constructor(element, band, go) {
    this.element = element;
    this.band = band;
    this.go = go;
    this.plot = null;
    this.slider = new Slider(element, { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }, go);
  }

  draw(about, summary) {
    const colours = palette();
    const { rate } = summary;
    const axis = { stroke: colours.ink, grid: { stroke: colours.noise, width: 1 }, ticks: { show: false } };
    this.plot?.destroy();
    this.element.replaceChildren();
    this.plot = new uPlot({
      width: this.element.clientWidth,
      height: HEIGHT,
      padding: [6, 30, 0, 0],
      legend: { show: false },
      hooks: { drawClear: [(plot) => this.shade(plot, about, summary, colours)] },
      cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false, range: [0, about.samples / about.fs] }, n: { range }, s: { range, dir: -1 } },
      axes: [
        { ...axis, size: 26, space: 64, incrs: STEPS, splits: (u, k, low, high, step) => ticks(about, high, step), values: (u, times, k, space, step) => times.map((t) => label(t, about, step)) },
        { ...axis, label: "beats/min", labelSize: 18, size: 42 },
      ],
      series: [
        {},
        { label: "heart rate", stroke: colours.ink, width: 1.2, points: { show: false } },
        { label: "V", scale: "n", stroke: colours.V, fill: colours.V, width: 1, paths: bars, points: { show: false } },
        { label: "S", scale: "s", stroke: colours.S, fill: colours.S, width: 1, paths: bars, points: { show: false } },
      ],
    }, [rate.time, rate.rate, rate.V, rate.S], this.element);
    this.plot.over.addEventListener("click", (event) => this.go(this.plot.posToVal(event.offsetX, "x")));
    this.drawBand(about, summary, null);
  }

  // Rhythms and unreadable time, behind the heart rate.
  shade({ ctx, bbox, valToPos }, about, { rhythms, unreadable }, colours) {
    const bar = (begin, end, colour) => {
      const left = valToPos(begin / about.fs, "x", true);
      ctx.fillStyle = colour;
      ctx.fillRect(left, bbox.top, Math.max(valToPos(end / about.fs, "x", true) - left, 1), bbox.height);
    };
    for (const each of rhythms) if (each.kind !== "N") bar(each.begin, each.end, colours.shade);
    for (const [begin, end] of unreadable) bar(begin, end, colours.noise);
  }

  speak(about, { rate }, { begin, seconds }) {
    const duration = about.samples / about.fs;
    const text = (t) => {
      const own = rate.rate[Math.min(Math.floor((t / duration) * rate.rate.length), rate.rate.length - 1)];
      return `${clock(t, about)}, ${own === null ? "no heart rate" : `${own.toFixed(0)} beats per minute`}`;
    };
    this.slider.show(Math.min(begin + seconds / 2, duration), duration, duration / PARTS, text);
  }

  drawBand(about, summary, view) {
    if (!this.plot) return;
    const colours = palette();
    const width = this.band.clientWidth;
    const ctx = context(this.band, width, 14);
    const ratio = window.devicePixelRatio || 1;
    const left = this.plot.bbox.left / ratio;
    const scale = this.plot.bbox.width / ratio / about.samples;
    ctx.clearRect(0, 0, width, 14);
    const bar = (begin, end, colour, top, height) => {
      ctx.fillStyle = colour;
      ctx.fillRect(left + begin * scale, top, Math.max((end - begin) * scale, 1), height);
    };
    bar(0, about.samples, colours.noise, 5, 1);
    for (const [begin, end] of summary.unreadable) bar(begin, end, colours.faint, 7, 5);
    for (const each of summary.rhythms) if (each.kind !== "N") bar(each.begin, each.end, colours.rhythm, 0, 5);
    ctx.fillStyle = colours.ink;
    ctx.beginPath();
    for (const { at } of summary.findings) {
      if (at !== null) {
        const x = left + at * about.fs * scale;
        ctx.moveTo(x - 4, 0); ctx.lineTo(x + 4, 0); ctx.lineTo(x, 6);
      }
    }
    ctx.fill();
    if (view) this.speak(about, summary, view);
    if (view) bar(view.begin * about.fs, (view.begin + view.seconds) * about.fs, colours.chosen, 11, 3);
  }
}
