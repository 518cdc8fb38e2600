// The signal in tiles, fetched as they are needed and kept.

import { getFloats } from "./api.js";

const MOST = 600;

export class Tiles {
  constructor(address, about, changed) {
    this.address = address;
    this.about = about;
    this.changed = changed;
    this.kept = new Map();
  }

  // The level whose blocks are no wider than a column.
  level(samplesPerColumn) {
    const { blocks } = this.about;
    let level = 0;
    while (level + 1 < blocks.length && blocks[level + 1] <= samplesPerColumn) level += 1;
    return level;
  }

  // A tile if it is here; else it is asked for, and `changed` is called when it comes.
  get(level, number) {
    const key = `${level}/${number}`;
    const found = this.kept.get(key);
    if (found !== undefined) return found;
    if (number < 0 || number * this.about.tile * this.about.blocks[level] >= this.about.samples) return null;
    this.kept.set(key, null);
    getFloats(`${this.address}/tiles/${key}`).then(
      (values) => { this.forget(); this.kept.set(key, values); this.changed(); },
      () => this.kept.delete(key),
    );
    return null;
  }

  forget() {
    for (const key of this.kept.keys()) {
      if (this.kept.size < MOST) return;
      this.kept.delete(key);
    }
  }

  // Call draw(sample, low, high) for every block from begin to end of one lead.
  each(lead, begin, end, level, draw) {
    const { blocks, tile, samples, leads } = this.about;
    const size = blocks[level];
    const values = level === 0 ? 1 : 2;
    const last = Math.min(end, samples);
    for (let n = Math.floor(Math.max(begin, 0) / (tile * size)); n * tile * size < last; n += 1) {
      const data = this.get(level, n);
      if (data) {
        const count = data.length / (leads.length * values);
        const from = Math.max(0, Math.floor((begin - n * tile * size) / size));
        const to = Math.min(count, Math.ceil((last - n * tile * size) / size) + 1);
        for (let k = from; k < to; k += 1) {
          const at = (lead * count + k) * values;
          draw((n * tile + k) * size, data[at], data[at + values - 1]);
        }
      }
    }
  }

  // The usual value of a lead around a sample: what is drawn in the middle of its row.
  middle(lead, sample) {
    const { blocks, tile, leads } = this.about;
    const number = Math.floor(Math.max(sample, 0) / (tile * blocks[1]));
    const data = this.get(1, number);
    if (!data) return this.lastMiddle?.[lead] ?? null;
    if (!data.middle) {
      const count = data.length / (2 * leads.length);
      data.middle = leads.map((_, k) => {
        const each = Array.from(data.subarray(2 * k * count, 2 * (k + 1) * count)).filter(Number.isFinite);
        each.sort((a, b) => a - b);
        return each.length ? each[each.length >> 1] : 0;
      });
    }
    this.lastMiddle = data.middle;
    return data.middle[lead];
  }
}
