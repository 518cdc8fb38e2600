// Times as people read them.

const DAY_S = 86400;

function two(value) { return String(value).padStart(2, "0"); }

// Seconds of the time of day at which a recording begins; 0 if it has no start.
export function startOf(about) {
  if (!about.start) return 0;
  const [, h, m, s] = about.start.match(/(\d\d):(\d\d):(\d\d)/).map(Number);
  return 3600 * h + 60 * m + s;
}

// Seconds from the start of what `clock` would write as a text; null for any other text.
export function parseClock(text, about) {
  if (!/^\d+(:\d{1,2}){0,2}(\.\d+)?$/.test(text.trim())) return null;
  const parts = text.trim().split(":").map(Number);
  while (parts.length < 3) parts.push(0);
  const since = 3600 * parts[0] + 60 * parts[1] + parts[2] - startOf(about);
  return since < 0 ? since + DAY_S : since;
}

// Seconds from the start as h:mm:ss, or the time of day if the recording has a start.
export function clock(seconds, about, digits = 0) {
  const since = about.start ? (seconds + startOf(about)) % DAY_S : seconds;
  const unit = 10 ** digits;
  const whole = Math.floor(Math.max(0, since) * unit + 1e-6);
  const s = Math.floor(whole / unit);
  const part = digits ? `.${String(whole % unit).padStart(digits, "0")}` : "";
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}${part}`;
}

// A length of time as people read it.
export function lasting(seconds) {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  if (seconds < 600) return `${seconds.toFixed(0)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
