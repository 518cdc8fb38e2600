// What the mouse or fingers do on the strip.

const NEAR = 8;
const STILL = 4;
const CLOSEST = 20;  // pixels between two fingers, below which they do not zoom in or out further

export function listen(canvas, strip, actions) {
  let from = null;
  const down = new Map();  // place of each button or finger that is down, by its pointer

  // Two fingers: how far apart they are, and the middle between them.
  const pinch = () => {
    const [one, other] = [...down.values()];
    return { apart: Math.max(Math.abs(one - other), CLOSEST), middle: (one + other) / 2 };
  };

  const near = (x) => {
    const { beats, about } = actions;
    const k = beats.nearest(strip.time(x) * about.fs);
    return k >= 0 && Math.abs(strip.x(beats.sample[k] / about.fs) - x) <= NEAR ? k : -1;
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event.offsetX);
    if (down.size > 1) { from = null; return; }
    const k = near(event.offsetX);
    const selected = k >= 0 && actions.view.selection.has(actions.beats.sample[k]);
    from = { x: event.offsetX, begin: actions.view.begin, span: event.shiftKey || actions.view.spanning, moved: false, beat: selected ? k : -1 };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (down.size === 2 && down.has(event.pointerId)) {
      const before = pinch();
      down.set(event.pointerId, event.offsetX);
      const after = pinch();
      actions.zoom(after.apart / before.apart, before.middle, after.middle);
      return;
    }
    if (down.has(event.pointerId)) down.set(event.pointerId, event.offsetX);
    if (!from && down.size) return;  // the last finger of two
    if (!from) { actions.hover(near(event.offsetX), event.offsetX, event.offsetY); return; }
    if (Math.abs(event.offsetX - from.x) > STILL) from.moved = true;
    if (!from.moved) return;
    if (from.span) actions.setSpan(strip.time(from.x), strip.time(event.offsetX));
    else if (from.beat < 0) actions.go(from.begin - (event.offsetX - from.x) / strip.perSecond);
  });
  canvas.addEventListener("pointerup", (event) => {
    down.delete(event.pointerId);
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
  canvas.addEventListener("pointercancel", (event) => { down.delete(event.pointerId); from = null; });
  canvas.addEventListener("pointerleave", () => actions.hover(-1, 0, 0));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey) actions.pan(Math.sign(event.deltaY + event.deltaX) * 0.1);
    else actions.zoom(Math.exp(-event.deltaY / 400), event.offsetX);
  }, { passive: false });
}
