// What a span measures: its length as an RR interval and a rate, and the beats inside.

export function measured(span, beats, fs) {
  const [begin, end] = [Math.min(...span), Math.max(...span)];
  const seconds = end - begin;
  const first = beats.after(begin * fs - 0.5);
  const last = beats.after(end * fs + 0.5) - 1;
  const parts = [`${(1000 * seconds).toFixed(0)} ms`];
  if (seconds > 0) parts.push(`${(60 / seconds).toFixed(0)}/min`);
  if (last > first + 1) {
    const mean = (beats.sample[last] - beats.sample[first]) / fs / (last - first);
    parts.push(`${last - first} intervals, mean ${(1000 * mean).toFixed(0)} ms, ${(60 / mean).toFixed(0)}/min`);
  }
  return parts.join(" · ");
}
