// Adaptation to the patient: what the reviewer labelled corrects the beats that are alike.

import { get } from "./api.js";

const $ = (id) => document.getElementById(id);
const plural = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

export class Adapting {
  constructor(app) {
    this.app = app;
    $("ask").addEventListener("click", () => this.ask());
    $("adapt").addEventListener("click", () => this.adapt());
    $("unadapt").addEventListener("click", () => this.takeBack());
  }

  draw() {
    const { adapted } = this.app.summary;
    $("unadapt").disabled = adapted === null;
    $("adapted").textContent = adapted === null ? "" : `adapted by ${plural(adapted.labels, "label")}: ${plural(adapted.changed, "beat")} changed`;
  }

  async ask() {
    const { app } = this;
    if (!app.about) return;
    app.say("Looking for the beat most worth asking about…");
    try {
      const { sample, labels } = await get(`${app.address}/question`, { reviewer: app.reviewer });
      const k = sample === null ? -1 : app.beats.at(sample);
      if (k < 0) { app.say("No beat is left to ask about."); return; }
      app.selectOnly(k);
      app.go(sample / app.about.fs - app.strip.seconds / 2);
      app.say(`Which class is the selected beat? N S V F Q; X if it is none; then I for the next. ${plural(labels, "beat")} labelled, T adapts.`);
    } catch (error) {
      app.say(error.message);
    }
  }

  async adapt() {
    if (!this.app.about) return;
    this.app.say("Adapting…");
    await this.app.change("adapt", {});
  }

  takeBack() { if (this.app.summary?.adapted) this.app.change("unadapt", {}); }
}
