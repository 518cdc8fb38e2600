// The beats of a recording, in columns, and where they are.

export class Beats {
  constructor(content, fs) {
    this.sample = content.sample;
    this.letter = content.class;
    this.readable = content.readable;
    this.edited = content.edited;
    this.adapted = content.adapted;
    this.p = content.p;
    this.ghosts = content.ghosts;
    this.fs = fs;
  }

  get length() { return this.sample.length; }

  // Index of the first beat at or after a sample.
  after(sample, values = this.sample) {
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < sample) low = middle + 1; else high = middle;
    }
    return low;
  }

  // Index of the beat at exactly a sample, else -1.
  at(sample) {
    const k = this.after(sample);
    return this.sample[k] === sample ? k : -1;
  }

  nearest(sample) {
    const k = this.after(sample);
    if (k === 0) return this.length ? 0 : -1;
    if (k === this.length) return k - 1;
    return sample - this.sample[k - 1] < this.sample[k] - sample ? k - 1 : k;
  }

  // RR interval in ms that ends at a beat; null where it does not count.
  rr(k) {
    if (k < 1 || k >= this.length || this.readable[k] !== "1" || this.readable[k - 1] !== "1") return null;
    return (1000 * (this.sample[k] - this.sample[k - 1])) / this.fs;
  }
}
