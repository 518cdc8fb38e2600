// Times as people read them.

function two(value) { return String(value).padStart(2, "0"); }

// Seconds from the start as h:mm:ss, or the time of day if the recording has a start.
export function clock(seconds, about, digits = 0) {
  let since = seconds;
  if (about.start) {
    const [, h, m, s] = about.start.match(/(\d\d):(\d\d):(\d\d)/).map(Number);
    since = (since + 3600 * h + 60 * m + s) % 86400;
  }
  const unit = 10 ** digits;
  const whole = Math.floor(Math.max(0, since) * unit + 1e-6);
  const s = Math.floor(whole / unit);
  const part = digits ? `.${String(whole % unit).padStart(digits, "0")}` : "";
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}${part}`;
}
