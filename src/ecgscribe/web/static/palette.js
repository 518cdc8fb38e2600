// Colours of the canvases, by the theme; each class has a letter and a height, too.

const LIGHT = {
  ground: "#ffffff", ink: "#1b1b1b", faint: "#555555", small: "#f7d9d5", large: "#e8a79f", trace: "#111111",
  chosen: "#0b5fb4", span: "rgba(11,95,180,.14)", noise: "rgba(120,120,120,.22)", rhythm: "rgba(180,90,0,.75)", shade: "rgba(230,140,20,.13)",
  N: "#4a4a4a", S: "#0a6f4f", V: "#b3001b", F: "#8a4b00", Q: "#6a2ca0",
};
const DARK = {
  ground: "#15181b", ink: "#e8e8e8", faint: "#a8a8a8", small: "#2a2523", large: "#4b3834", trace: "#f0f0f0",
  chosen: "#7db8f5", span: "rgba(125,184,245,.2)", noise: "rgba(160,160,160,.22)", rhythm: "rgba(240,160,60,.8)", shade: "rgba(240,160,60,.13)",
  N: "#b5b5b5", S: "#5fd3a8", V: "#ff7b86", F: "#f2b461", Q: "#c9a0f5",
};

const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function palette() { return dark.matches ? DARK : LIGHT; }

export function onThemeChange(call) { dark.addEventListener("change", call); }

// A canvas as sharp as the screen, in CSS pixels; its context.
export function context(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  return ctx;
}
