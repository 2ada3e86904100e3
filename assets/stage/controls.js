// The sliders under the views: native ranges with a play button, what is read at the place, and ticks.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");

const PLAY = "M4 2.5v11l9-5.5z",
  PAUSE = "M4 2.5h3v11H4zM9.5 2.5h3v11h-3z";
const SPEEDS = [1, 3, 0]; // times the slider's own speed; 0: every frame that the screen has
let serial = 0;

export class Control {
  constructor(host, kind, { input, release }) {
    Object.assign(this, { input, release, index: 0, playing: 0, pace: 0 });
    this.root = node("div", { class: `stage-slider ${kind}` }, host);
    const id = `stage-range-${serial++}`;
    this.label = node("label", { for: id }, this.root);
    this.play = node("button", { type: "button", class: "stage-play", "aria-label": "Play" }, this.root);
    this.icon = icon(this.play);
    this.speed = node("button", { type: "button", class: "stage-speed", title: "Playing speed" }, this.root, "1×");
    this.track = node("div", { class: "stage-track" }, this.root);
    this.range = node("input", { type: "range", id, min: 0, step: 1 }, this.track);
    this.ticks = node("div", { class: "stage-ticks", "aria-hidden": "true" }, this.track);
    this.value = node("output", { for: id }, this.root);
    this.range.addEventListener("input", () => this.moved());
    this.range.addEventListener("change", () => this.letGo());
    this.range.addEventListener("keydown", () => (this.keyed = true));
    this.range.addEventListener("pointerdown", () => Object.assign(this, { keyed: false, held: true }));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      this.range.addEventListener(end, () => (this.held = false));
    this.play.addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    this.speed.addEventListener("click", () => this.faster());
  }

  show(spec) {
    this.spec = spec;
    this.count = spec.values.length;
    this.range.max = this.count - 1;
    this.label.textContent = spec.label;
    this.range.setAttribute("aria-label", spec.label);
    this.root.hidden = this.count < 2;
    const longest = Math.max(...spec.values.map((value) => value.length));
    this.value.style.minWidth = `${Math.min(longest, 16) * 0.58}em`;
    this.layTicks();
    this.read(Math.min(this.index, this.count - 1));
  }

  // Only as many tick labels as fit beside each other; the ends keep inside.
  layTicks() {
    this.ticks.replaceChildren();
    const wide = this.track.clientWidth - 16;
    if (wide <= 0 || this.count < 2) return;
    let free = -Infinity;
    for (const [place, text] of this.spec.ticks) {
      const x = (place / (this.count - 1)) * wide,
        half = text.length * 3.4 + 2;
      const tick = node("i", { style: `left:${x + 8}px` }, this.ticks);
      const from = Math.max(-8, Math.min(x - half, wide + 8 - 2 * half));
      if (from < free + 8) continue;
      node("span", { style: `margin-left:${from + half - x}px` }, tick, text);
      free = from + 2 * half;
    }
  }

  moved() {
    this.stop(false);
    this.index = Number(this.range.value);
    this.input(this.index);
  }

  letGo() {
    this.held = false;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.release(this.index), this.keyed ? 250 : 0); // a key held down is one release
  }

  get busy() {
    return this.playing || this.held;
  }

  // Shows `place` without telling anybody; `read` may be a place that is only previewed.
  go(place) {
    this.index = Math.max(0, Math.min(this.count - 1, place));
    this.range.value = this.index;
  }

  read(place) {
    if (this.index < this.count) this.range.value = this.index;
    const value = this.spec.values[place] ?? "";
    if (this.value.textContent !== value) this.value.textContent = value;
    this.range.setAttribute("aria-valuetext", this.spec.values[this.index] ?? "");
    this.root.style.setProperty("--share", this.count > 1 ? this.index / (this.count - 1) : 0);
  }

  start() {
    if (this.index >= this.count - 1) this.go(0);
    this.since = performance.now();
    this.carry = 0;
    this.face(true);
    this.input(this.index);
    this.playing = requestAnimationFrame((now) => this.advance(now));
  }

  advance(now) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches,
      times = SPEEDS[this.pace];
    const speed = calm ? 1.5 : times ? this.spec.speed * times : Infinity;
    this.carry = speed === Infinity ? 1 : this.carry + (Math.max(0, now - this.since) / 1000) * speed;
    this.since = now;
    if (this.carry >= 1) {
      this.go(this.index + Math.floor(this.carry));
      this.carry %= 1;
      this.input(this.index);
    }
    if (this.index >= this.count - 1) this.stop();
    else this.playing = requestAnimationFrame((next) => this.advance(next));
  }

  stop(tell = true) {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.face(false);
    if (tell) this.release(this.index);
  }

  face(playing) {
    this.icon.setAttribute("d", playing ? PAUSE : PLAY);
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  faster() {
    this.pace = (this.pace + 1) % SPEEDS.length;
    this.speed.textContent = SPEEDS[this.pace] ? `${SPEEDS[this.pace]}×` : "max";
    this.speed.setAttribute("aria-label", `Playing speed ${this.speed.textContent}`);
  }

  close() {
    cancelAnimationFrame(this.playing);
    clearTimeout(this.waiting);
    this.root.remove();
  }
}

function icon(button) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"),
    path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PLAY);
  svg.append(path);
  button.append(svg);
  return path;
}
