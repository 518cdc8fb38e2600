// Full disclosure: a minute a line.

import { Slider } from "./slider.js";
import { clock } from "./time.js";
import { context, palette } from "./palette.js";

const LINES = 20;
const LINE = 34;
const LEFT = 62;

export class Page {
  constructor(canvas, go) {
    this.canvas = canvas;
    this.first = 0;
    this.slider = new Slider(canvas, { ArrowUp: -1, ArrowDown: 1 }, go);
    canvas.addEventListener("click", (event) => {
      const line = Math.floor(event.offsetY / LINE);
      const part = Math.min(Math.max((event.offsetX - LEFT) / (canvas.clientWidth - LEFT), 0), 1);
      go(60 * (this.first + line + part));
    });
  }

  draw(about, tiles, beats, middle) {
    const width = this.canvas.clientWidth;
    const colours = palette();
    this.slider.show(middle, about.samples / about.fs, 60, (t) => clock(t, about));
    const minutes = Math.ceil(about.samples / about.fs / 60);
    this.first = Math.max(0, Math.min(Math.floor(middle / 60 / LINES) * LINES, minutes - 1));
    const shown = Math.min(LINES, minutes - this.first);
    const ctx = context(this.canvas, width, LINE * shown);
    ctx.fillStyle = colours.ground;
    ctx.fillRect(0, 0, width, LINE * shown);
    const scale = (width - LEFT) / (60 * about.fs);
    const level = tiles.level(1 / scale);
    for (let line = 0; line < shown; line += 1) {
      const begin = Math.round(60 * about.fs * (this.first + line));
      const end = begin + 60 * about.fs;
      const y = LINE * (line + 0.5);
      const offset = tiles.middle(0, begin);
      ctx.fillStyle = colours.faint;
      ctx.font = "11px system-ui";
      ctx.fillText(clock(60 * (this.first + line), about), 0, y + 4);
      if (offset !== null) {
        ctx.beginPath();
        tiles.each(0, begin, end, level, (sample, low, high) => {
          if (Number.isFinite(low)) {
            const x = LEFT + (sample - begin) * scale;
            ctx.moveTo(x, y - (high - offset) * LINE * 0.3);
            ctx.lineTo(x, y - (low - offset) * LINE * 0.3 + 0.7);
          }
        });
        ctx.strokeStyle = colours.trace;
        ctx.lineWidth = 0.9;
        ctx.stroke();
      }
      for (let k = beats.after(begin); k < beats.length && beats.sample[k] < end; k += 1) {
        if (beats.letter[k] !== "N") {
          ctx.fillStyle = colours[beats.letter[k]];
          ctx.fillText(beats.letter[k], LEFT + (beats.sample[k] - begin) * scale - 3, y - LINE * 0.25);
        }
      }
    }
    const x = LEFT + (middle / 60 - this.first - Math.floor(middle / 60 - this.first)) * (width - LEFT);
    ctx.strokeStyle = colours.chosen;
    ctx.strokeRect(x - 4, LINE * Math.floor(middle / 60 - this.first) + 1, 8, LINE - 2);
  }
}
