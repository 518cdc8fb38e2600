// A picture of the whole recording as a slider: arrow keys move the place that the strip shows.

export class Slider {
  // `keys` has how many steps each key moves; `go(seconds)` goes there.
  constructor(element, keys, go) {
    this.element = element;
    this.at = 0;
    this.step = 60;
    element.addEventListener("keydown", (event) => {
      const steps = keys[event.key];
      if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.show(Math.max(0, Math.min(this.at + steps * this.step, this.most)), this.most, this.step, this.text);
      go(this.at);
    });
  }

  // `text(seconds)` is what is spoken.
  show(at, most, step, text) {
    Object.assign(this, { at, most, step, text });
    this.element.setAttribute("aria-valuemin", "0");
    this.element.setAttribute("aria-valuemax", most.toFixed(0));
    this.element.setAttribute("aria-valuenow", at.toFixed(0));
    this.element.setAttribute("aria-valuetext", text(at));
  }
}
