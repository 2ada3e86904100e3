// What a hand does on a map: choose items by a box or a lasso or in the legend, and turn what has three dimensions.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { element, set } = await at("./svg.js");

const TOOLS = {
  zoom: ["Zoom", "Drag to zoom, double-click to go back"],
  turn: ["Turn", "Drag, or use the arrow keys, to turn the map"],
  box: ["Box", "Drag a box around items to choose them"],
  lasso: ["Lasso", "Draw around items to choose them"],
};
const TURN = 0.008, // radians a pixel
  KEY = 0.12, // radians a key
  STEEPEST = Math.PI / 2;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Hands {
  constructor(view, theatre) {
    Object.assign(this, { view, theatre, buttons: new Map(), chips: [] });
    this.root = node("div", { class: "stage-hands", hidden: "" }, view.words);
    this.tools = node("div", { class: "stage-tools", role: "group", "aria-label": "What a drag does" }, this.root);
    this.clear = node("button", { type: "button", class: "stage-clear", hidden: "" }, this.root);
    this.clear.addEventListener("click", () => theatre.gather(null));
    this.legend = node("div", { class: "stage-legend", role: "group", "aria-label": "Choose all of a colour" }, this.root);
    this.outline = element("path", { class: "stage-lasso", display: "none" }, view.svg);
    const { plot } = view;
    plot.addEventListener("pointerdown", (event) => this.down(event));
    plot.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, (event) => this.up(event));
    for (const begin of ["mousedown", "touchstart"]) // plotly's own zoom begins with these
      plot.addEventListener(begin, (event) => this.tool !== "zoom" && event.stopPropagation(), true);
    plot.addEventListener("keydown", (event) => this.turnByKey(event));
  }

  get names() {
    const { choosing, seen } = this.view.spec;
    return [seen ? "turn" : "zoom", ...(choosing ? ["box", "lasso"] : [])];
  }

  get held() {
    return `${this.view.spec.name} ${Boolean(this.view.spec.seen)}`;
  }

  get tool() {
    const kept = this.theatre.held?.[this.held];
    return this.names.includes(kept) ? kept : this.names[0];
  }

  show(spec) {
    const { names } = this,
      offered = spec.choosing || Boolean(spec.seen);
    this.root.hidden = !offered && !spec.legend.length;
    this.tools.hidden = names.length < 2;
    if (names.join() !== this.offered) {
      this.offered = names.join();
      this.tools.replaceChildren();
      this.buttons = new Map(names.map((name) => [name, this.button(name)]));
    }
    this.showLegend(spec);
    if (spec.seen) Object.entries({ tabindex: 0, role: "group", "aria-label": `${spec.name}, arrow keys turn it` }).forEach(([key, value]) => this.view.plot.setAttribute(key, value));
    else for (const key of ["tabindex", "role", "aria-label"]) this.view.plot.removeAttribute(key);
    this.take(this.tool);
    this.told();
  }

  button(name) {
    const [text, title] = TOOLS[name];
    const made = node("button", { type: "button", title, "data-tool": name }, this.tools, text);
    made.addEventListener("click", () => this.take(name));
    return made;
  }

  take(name) {
    (this.theatre.held ??= {})[this.held] = name;
    for (const [each, button] of this.buttons) button.setAttribute("aria-pressed", String(each === name));
    this.view.plot.dataset.tool = name;
  }

  showLegend({ legend, choosing }) {
    const key = JSON.stringify([legend, choosing]);
    if (key !== this.shown) {
      this.shown = key;
      this.legend.replaceChildren();
      this.chips = legend.map(([trace, text]) => this.chip(trace, text, choosing));
    }
    this.recolour();
  }

  chip(trace, text, choosing) {
    const made = node(choosing ? "button" : "span", { title: choosing ? `Choose all of these: ${text}` : null }, this.legend);
    const dot = node("i", { "aria-hidden": "true" }, made);
    node("span", {}, made, text);
    if (choosing) {
      made.type = "button";
      made.addEventListener("click", (event) => this.theatre.gather(this.of(trace), event.shiftKey || event.ctrlKey));
    }
    return { dot, trace };
  }

  recolour() {
    this.chips.forEach(({ dot }, i) => (dot.style.background = this.theatre.paint(this.view.spec.legend[i][2])));
  }

  // The items that a trace draws now.
  of(trace) {
    const found = new Set();
    for (const { id, mark } of this.view.points()) if (mark.index === trace) found.add(id);
    return found;
  }

  // How many are chosen, and what takes that back.
  told() {
    const count = this.view.spec.choosing ? (this.theatre.chosen?.size ?? 0) : 0;
    this.clear.hidden = !count;
    this.clear.textContent = `Clear ${count} chosen`;
  }

  place(event) {
    const box = this.view.plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    this.dragged = false;
    if (this.tool === "zoom" || event.button !== 0 || !this.view.place) return;
    this.path = [this.place(event)];
    if (this.tool !== "turn" || event.pointerType === "mouse") event.preventDefault();
    this.view.plot.setPointerCapture?.(event.pointerId);
    this.view.plot.focus?.({ preventScroll: true });
  }

  move(event) {
    if (!this.path) return;
    const here = this.place(event),
      before = this.path.at(-1);
    this.dragged ||= Math.hypot(here[0] - this.path[0][0], here[1] - this.path[0][1]) > 4;
    if (this.tool === "turn") {
      this.path = [here];
      return this.turn((here[0] - before[0]) * TURN, (here[1] - before[1]) * TURN);
    }
    this.path = this.tool === "box" ? [this.path[0], here] : [...this.path, here];
    set(this.outline, { d: `M${this.corners().map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z`, display: null });
  }

  up(event) {
    const { path } = this;
    if (!path) return;
    const corners = this.tool === "turn" ? [] : this.corners();
    this.path = null;
    set(this.outline, { display: "none" });
    if (event.type === "pointercancel" || size(corners) < 6) return; // a click is for pointing
    const found = new Set();
    for (const { id, px, py } of this.view.points()) if (within(px, py, corners)) found.add(id);
    this.theatre.gather(found, event.shiftKey || event.ctrlKey);
  }

  corners() {
    const [[a, b], ...rest] = this.path;
    if (this.tool !== "box" || !rest.length) return this.path;
    const [c, d] = rest.at(-1);
    return [[a, b], [c, b], [c, d], [a, d]]; // prettier-ignore
  }

  turn(yaw, pitch) {
    const [one, other] = this.view.angle;
    this.view.angle = [one + yaw, Math.min(STEEPEST, Math.max(-STEEPEST, other + pitch))];
    this.theatre.request();
  }

  turnByKey(event) {
    const way = this.view.spec.seen && event.target === this.view.plot && KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    this.turn(way[0] * KEY, way[1] * KEY);
  }
}

const size = (corners) =>
  Math.max(0, ...[0, 1].map((k) => Math.max(...corners.map((each) => each[k])) - Math.min(...corners.map((each) => each[k]))));

// Whether a point lies inside a polygon: a ray to the right crosses its edges an odd number of times.
export function within(x, y, corners) {
  let inside = false;
  corners.forEach(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}
