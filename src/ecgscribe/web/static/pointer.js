// What the mouse or a finger does on the strip.

const NEAR = 8;
const STILL = 4;

export function listen(canvas, strip, actions) {
  let from = null;

  const near = (x) => {
    const { beats, about } = actions;
    const k = beats.nearest(strip.time(x) * about.fs);
    return k >= 0 && Math.abs(strip.x(beats.sample[k] / about.fs) - x) <= NEAR ? k : -1;
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const k = near(event.offsetX);
    const selected = k >= 0 && actions.view.selection.has(actions.beats.sample[k]);
    from = { x: event.offsetX, begin: actions.view.begin, span: event.shiftKey || actions.view.spanning, moved: false, beat: selected ? k : -1 };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) { actions.hover(near(event.offsetX), event.offsetX, event.offsetY); return; }
    if (Math.abs(event.offsetX - from.x) > STILL) from.moved = true;
    if (!from.moved) return;
    if (from.span) actions.setSpan(strip.time(from.x), strip.time(event.offsetX));
    else if (from.beat < 0) actions.go(from.begin - (event.offsetX - from.x) / strip.perSecond);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const { moved, span, beat } = from;
    from = null;
    if (moved && beat >= 0 && !span) { actions.move(actions.beats.sample[beat], strip.time(event.offsetX)); return; }
    if (moved || span) return;
    const k = near(event.offsetX);
    if (k >= 0) actions.selectOnly(k);
    else if (actions.view.selection.size || actions.view.span) actions.clear();
    else actions.add(strip.time(event.offsetX));
  });
  canvas.addEventListener("pointercancel", () => { from = null; });
  canvas.addEventListener("pointerleave", () => actions.hover(-1, 0, 0));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey) actions.pan(Math.sign(event.deltaY + event.deltaX) * 0.1);
    else actions.zoom(Math.exp(-event.deltaY / 400), event.offsetX);
  }, { passive: false });
}
