// The stage as a whole: what is shown, the one pump that draws it, and what Python is told.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node, loadPlotly, watch, later } = await at("./document.js");
const { readTheme, painter } = await at("./theme.js");
const { slice } = await at("./wire.js");
const { View } = await at("./view.js");
const { Control } = await at("./controls.js");
const { Pictures, Thumbnails } = await at("./pictures.js");
const { Note, listen } = await at("./hover.js");
const { offerView } = await at("./chart.js");
const { offerPictures } = await at("./prints.js");
const { Headline } = await at("./headline.js");
const { forget } = await at("./canvas.js");

export class Theatre {
  constructor(parent, plotly, tell) {
    Object.assign(this, {
      parent,
      address: plotly,
      tell,
      views: [],
      index: 0,
      step: 0,
      frames: 0,
      previewed: null,
      item: null,
      pinned: false,
      chosen: null, // numbers of items, a Set; null is none
      picked: null,
      parts: new Map(),
      version: null,
    });
    this.root = node("div", { class: "stage", "data-frame": "0" }, parent);
    this.root.stage = this; // for tests
    this.stalls = node("div", { class: "stage-views" }, this.root);
    this.desk = node("div", { class: "stage-desk" }, this.root);
    const release = () => this.released();
    this.first = new Control(this.desk, "first", { input: (place) => this.go(place, this.step), release });
    this.second = new Control(this.desk, "second", { input: (place) => this.go(this.index, place), release });
    this.fetching = node("span", { class: "stage-fetching", role: "status", hidden: "" }, this.desk, "fetching…");
    this.foot = node("div", { class: "stage-foot" }, this.root);
    this.note = new Note(this.root);
    this.headline = new Headline(this.foot, this.note);
    this.pictures = new Pictures(this.foot, this);
    offerPictures(this.pictures, this);
    this.message = node("p", { class: "stage-message", role: "alert", hidden: "" }, this.root);
    this.unwatch = watch(this.root, () => this.resized());
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.flipped = () => requestAnimationFrame(() => this.recolour());
    this.scheme.addEventListener("change", this.flipped);
    this.escape = (event) => event.key === "Escape" && (this.pinned ? this.pin(null) : this.chosen && this.gather(null));
    this.root.addEventListener("keydown", this.escape);
    document.fonts?.addEventListener("loadingdone", (this.inked = () => (forget(), this.request())));
  }

  // New content: in place where the identity is the same, else from the beginning that Python gave.
  show({ key, header, index, step, serial }, memory) {
    const same = this.header?.identity === header.identity,
      steps = header.steps;
    const last = same && this.step === this.header.steps - 1 && steps > this.header.steps; // follow what grows
    if (!same) [this.parts, this.item, this.pinned, this.previewed, this.picked] = [new Map(), null, false, null, null];
    if (this.header?.subject !== header.subject) this.chosen = memory?.chosen ?? null;
    const untold = this.chosen && serial !== this.serial;
    if (!same || serial !== this.serial) [this.index, this.step] = memory ? [memory.index, memory.step] : [index, step];
    else if (last) this.step = steps - 1;
    Object.assign(this, { key, header, serial });
    this.index = Math.min(this.index, header.frames - 1);
    this.step = Math.min(this.step, steps - 1);
    for (const [place, part] of this.parts) this.fill(place, part);
    if (header.headline) header.headline.rank = header.headline.shape.length - 1;
    this.setTheme();
    this.lay(same);
    if (!same) this.thumbnails?.close();
    if (!same || !this.thumbnails) this.thumbnails = new Thumbnails(header.thumbnails);
    this.resized(true);
    this.draw();
    this.settleSoon(0);
    if (untold) this.report();
  }

  lay(same) {
    const { header } = this;
    if (!same || this.views.length !== header.views.length) {
      for (const view of this.views) view.close(globalThis.Plotly);
      this.views = header.views.map(() => {
        const view = new View(this.stalls, this);
        listen(view, this);
        offerView(view, this);
        return view;
      });
      this.stalls.dataset.count = this.views.length;
    }
    this.views.forEach((view, i) => view.show(header.views[i]));
    [this.first, this.second].forEach((control, i) => {
      control.root.hidden = !header.sliders[i];
      if (!header.sliders[i]) return;
      control.index = [this.index, this.step][i];
      control.show(header.sliders[i]);
    });
    this.headline.show(header.headline);
    this.pictures.show(header.pictures);
  }

  setTheme() {
    this.theme = readTheme(this.root);
    this.paint = painter(this.header.palette, this.theme.dark);
    this.look = JSON.stringify(this.theme);
    for (const name of ["line", "rail", "grid", "muted"]) this.root.style.setProperty(`--${name}`, this.theme[name]);
  }

  recolour() {
    if (!this.header || JSON.stringify(readTheme(this.root)) === this.look) return;
    this.setTheme();
    for (const view of this.views) {
      view.recolour();
      view.drawLight();
    }
    this.request();
    this.settleSoon(0);
  }

  resized(always = false) {
    const changed = this.views.map((view) => view.measure());
    if (!changed.some(Boolean) && !always) return;
    [this.first, this.second].forEach((control) => control.spec && control.layTicks());
    for (const view of this.views) view.drawLight();
    if (always) return;
    this.draw();
    this.settleSoon(60);
  }

  get shown() {
    return { index: this.previewed ?? this.index, step: this.step };
  }

  go(index, step) {
    this.previewed = null;
    Object.assign(this, { index, step });
    clearTimeout(this.settling);
    this.request();
  }

  request() {
    this.pumping ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.pumping);
    this.pumping = null;
    const { index, step } = this.shown;
    for (const view of this.views) view.draw(index, step, this.item);
    this.headline.draw(this.header.headline && slice(this.header.headline, index, step));
    this.pictures.draw(
      index,
      this.theme,
      this.item,
      this.parts.get(`item ${this.item}`)?.rows,
      this.thumbnails.of(this.item),
    );
    if (this.header.sliders[0]) this.first.read(index);
    if (this.header.sliders[1]) this.second.read(step);
    this.fetching.hidden = !this.wanted().length;
    const { dataset } = this.root;
    dataset.betaIndex = index;
    dataset.stepIndex = step;
    dataset.frame = ++this.frames;
  }

  wanted() {
    return [...new Set(this.views.flatMap((view) => view.lacks(this.step)))];
  }

  // ——— telling Python

  released() {
    this.settleSoon(120);
    this.report();
  }

  report() {
    const { index, step, item, pinned, picked, serial } = this,
      last = step === this.header.steps - 1,
      { subject } = this.header,
      chosen = [...(this.chosen ?? [])];
    const state = { serial, index, step, last, item, pinned, picked, chosen, subject, wanted: this.wanted() },
      text = JSON.stringify(state);
    if (text === this.told) return;
    this.told = text;
    this.tell(state);
  }

  // A part that Python handed over: values of one step, or the pictures of one item.
  accept(part) {
    if (!this.header) return;
    const place = part.item !== undefined ? `item ${part.item}` : `step ${part.step}`;
    this.parts.set(place, part);
    this.fill(place, part);
    this.request();
    this.settleSoon(120);
  }

  fill(place, part) {
    for (const { view, moving } of part.views ?? []) {
      const spec = this.header.views.find((each) => each.name === view);
      for (const piece of moving) {
        const record = spec?.moving.find((each) => each.trace === piece.trace);
        for (const key of ["x", "y", "z", "low", "high"])
          if (piece[key] && record?.[key]?.steps) record[key].steps[part.step] = piece[key];
      }
    }
  }

  // ——— pointing

  point(item, text, event) {
    this.note.show(text, event.clientX, event.clientY, this.thumbnails.of(item));
    if (this.pinned || item === this.item) return;
    this.item = item;
    this.request();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.report(), 120);
  }

  preview(frame, text, event) {
    this.note.show(text, event.clientX, event.clientY);
    if (frame === this.previewed || frame < 0 || frame >= this.header.frames) return;
    this.previewed = frame;
    this.request();
  }

  unpoint() {
    this.note.hide();
    if (this.previewed === null) return;
    this.previewed = null;
    this.request();
  }

  pin(item) {
    this.pinned = item !== null && !(this.pinned && item === this.item);
    if (item !== null) this.item = item;
    this.root.classList.toggle("pinned", this.pinned);
    this.request();
    this.report();
  }

  // These items are chosen, besides those that are where `more`; null or none: no longer any.
  gather(items, more = false) {
    const all = new Set([...(more ? (this.chosen ?? []) : []), ...(items ?? [])]);
    this.chosen = all.size ? all : null;
    this.request();
    this.report();
  }

  pick(number) {
    this.picked = number;
    this.report();
  }

  choose(frame) {
    this.first.stop(false);
    this.first.go(frame);
    this.go(frame, this.step);
    this.released();
  }

  say(text) {
    this.message.textContent = text;
    this.message.hidden = !text;
  }

  // ——— plotly underneath: redrawn when things are at rest, one view at a time

  plotly() {
    return loadPlotly(this.address);
  }

  settleSoon(milliseconds) {
    clearTimeout(this.settling);
    this.settling = setTimeout(
      () => this.settle().catch((error) => this.say(`A figure could not be drawn: ${error.message}.`)),
      milliseconds,
    );
  }

  async settle() {
    const turn = (this.turn = {});
    const Plotly = await this.plotly();
    for (const view of this.views) {
      await later(0);
      if (turn !== this.turn || this.closed || this.first.busy || this.second.busy) return;
      await view.settle(Plotly, this.index, this.step);
      this.request();
    }
    this.root.classList.add("ready");
  }

  place() {
    const { serial, index, step, chosen } = this;
    return { serial, identity: this.header?.identity, index, step, chosen };
  }

  // The numbers that are drawn now, for tests: view name → traces with x, y (data) and px, py.
  reading() {
    return this.views.map((view) => view.reading());
  }

  close() {
    this.closed = true;
    clearTimeout(this.settling);
    clearTimeout(this.telling);
    cancelAnimationFrame(this.pumping);
    this.unwatch();
    this.scheme.removeEventListener("change", this.flipped);
    document.fonts?.removeEventListener("loadingdone", this.inked);
    for (const each of [this.first, this.second]) each.close();
    for (const view of this.views) view.close(globalThis.Plotly);
    this.thumbnails?.close();
    this.root.remove();
  }
}
