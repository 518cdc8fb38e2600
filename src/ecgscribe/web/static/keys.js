// Every action by a single key; none is one of the browser's own.

export const KEYS = [
  ["ArrowLeft", "←", "a quarter of the strip back", (a) => a.pan(-0.25)],
  ["ArrowRight", "→", "a quarter of the strip on", (a) => a.pan(0.25)],
  ["PageUp", "Page up", "one strip back", (a) => a.pan(-1)],
  ["PageDown", "Page down", "one strip on", (a) => a.pan(1)],
  ["Home", "Home", "to the start", (a) => a.go(0)],
  ["End", "End", "to the end", (a) => a.go(Infinity)],
  ["+", "+", "zoom in", (a) => a.zoom(1.5)],
  ["-", "-", "zoom out", (a) => a.zoom(1 / 1.5)],
  ["1", "1", "12.5 mm/s", (a) => a.setSpeed(12.5)],
  ["2", "2", "25 mm/s", (a) => a.setSpeed(25)],
  ["3", "3", "50 mm/s", (a) => a.setSpeed(50)],
  ["g", "G", "next gain", (a) => a.nextGain()],
  ["w", "W", "the whole recording", (a) => a.whole()],
  [",", ",", "the beat before", (a) => a.step(-1)],
  [".", ".", "the next beat", (a) => a.step(1)],
  ["o", "O", "to the selected beat before", (a) => a.toSelected(-1)],
  ["p", "P", "to the next selected beat", (a) => a.toSelected(1)],
  ["k", "K", "the event before", (a) => a.event(-1)],
  ["j", "J", "the next event", (a) => a.event(1)],
  ["e", "E", "mark the event as seen, or not", (a) => a.toggleSeen()],
  ["n", "N", "the selected beats are N", (a) => a.relabel("N")],
  ["s", "S", "… S", (a) => a.relabel("S")],
  ["v", "V", "… V", (a) => a.relabel("V")],
  ["f", "F", "… F", (a) => a.relabel("F")],
  ["q", "Q", "… Q", (a) => a.relabel("Q")],
  ["x", "X", "the selected beats are artefact: delete them", (a) => a.remove()],
  ["Delete", "Delete", "the same", (a) => a.remove()],
  ["a", "A", "add a beat in the middle of the strip", (a) => a.addInMiddle()],
  ["m", "M", "move the selected beat to the R-peak", (a) => a.snapSelected()],
  ["[", "[", "a span (calipers) begins at the selected beat, or in the middle", (a) => a.spanEdge(0)],
  ["]", "]", "… ends there", (a) => a.spanEdge(1)],
  ["i", "I", "ask for the beat most worth labelling", (a) => a.adapting.ask()],
  ["t", "T", "adapt to this patient", (a) => a.adapting.adapt()],
  ["u", "U", "take adaptation back", (a) => a.adapting.takeBack()],
  ["d", "D", "the next disagreement of two reviewers", (a) => a.comparing.next()],
  ["h", "H", "decide as the first reviewer", (a) => a.comparing.as("first")],
  ["l", "L", "decide as the second", (a) => a.comparing.as("second")],
  ["b", "B", "keep this strip in the list of events, or not", (a) => a.keepStrip()],
  ["z", "Z", "undo", (a) => a.undo()],
  ["y", "Y", "redo", (a) => a.redo()],
  ["c", "C", "show or hide the table of the beats in the strip", (a) => a.toggleTable()],
  ["Escape", "Escape", "select nothing", (a) => a.clear()],
  ["?", "?", "these keys", (a) => a.help()],
];

// What scrolls a page does so unless the strip has the focus.
const SCROLLING = ["PageUp", "PageDown", "Home", "End"];

export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = KEYS.find(([name]) => name === key);
    if (!found || (SCROLLING.includes(key) && event.target.id !== "strip")) return;
    event.preventDefault();
    found[3](actions);
  });
}

export function fillHelp(dialog) {
  const table = document.createElement("table");
  for (const [, shown, text] of KEYS) {
    const row = table.insertRow();
    row.insertCell().textContent = shown;
    row.insertCell().textContent = text;
  }
  const more = document.createElement("p");
  more.textContent = "Click a mark to select it, elsewhere to add a beat; drag to pan, wheel or two fingers to zoom; "
    + "shift and drag for a span, which is also the calipers; drag a selected mark to move it. "
    + "Page up, Page down, Home and End act while the strip has the focus; elsewhere they scroll the page.";
  const form = document.createElement("form");
  form.method = "dialog";
  const close = document.createElement("button");
  close.textContent = "Close";
  form.append(close);
  dialog.replaceChildren(form, more, table);
}
