// One view: a region with a title, plotly underneath, and on top of it what follows the sliders.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { marksAt, lacks, axesOf, rectangles, isBar, FEW } = await at("./marks.js");
const { scalesOf, scalesFrom } = await at("./scales.js");
const { dressed, repaint } = await at("./theme.js");
const { TraceGroup, element, set } = await at("./svg.js");
const { drawTrace } = await at("./canvas.js");
const { drawAxes } = await at("./light.js");
const { node } = await at("./document.js");
const { drawDeep, seenFrom } = await at("./depth.js");
const { Hands } = await at("./hands.js");

let serial = 0;

export class View {
  constructor(host, theatre) {
    this.theatre = theatre;
    this.region = node("section", { role: "region", class: "stage-view" }, host);
    const head = node("header", {}, this.region);
    this.words = node("div", {}, head);
    this.title = node("h3", {}, this.words);
    this.subtitle = node("p", {}, this.words);
    this.menu = node("div", { class: "stage-menu" }, head);
    this.plot = node("div", { class: "stage-plot" }, this.region);
    this.light = layer(this.plot, "stage-light");
    this.plotly = node("div", { class: "stage-plotly" }, this.plot);
    this.canvas = node("canvas", { "aria-hidden": "true" }, this.plot);
    this.brush = this.canvas.getContext("2d");
    this.svg = layer(this.plot, "stage-moving");
    this.clips = element("defs", {}, this.svg);
    this.groups = new Map();
    this.rings = [element("circle", { class: "stage-ring", r: 9, display: "none" })];
    this.prefix = `stage-clip-${serial++}-`;
    this.drawn = false; // plotly stands
    this.hands = new Hands(this, theatre);
  }

  show(spec) {
    const fresh = this.spec && JSON.stringify(this.spec.figure.layout) !== JSON.stringify(spec.figure.layout);
    this.spec = spec;
    this.region.setAttribute("aria-label", spec.name);
    this.title.textContent = spec.title || spec.name;
    this.subtitle.textContent = spec.subtitle;
    this.plot.classList.toggle("points", Boolean(spec.hover));
    this.angle ??= spec.seen;
    this.stood = null;
    this.recolour();
    this.hands.show(spec);
    if (fresh) this.scalesAge = -1;
  }

  recolour() {
    const { theme, paint } = this.theatre;
    this.traces = this.spec.figure.data.map((trace) => coloured(repaint(trace, paint), this.spec.figure.layout, paint));
    this.layout = repaint(this.spec.figure.layout, paint);
    for (const ring of this.rings) set(ring, { stroke: theme.text });
    this.stood = null;
    this.hands.recolour();
  }

  // Reads the room there is; true where it changed.
  measure() {
    const size = { width: this.plot.clientWidth, height: this.plot.clientHeight },
      ratio = Math.min(devicePixelRatio || 1, 2);
    if (!size.width || (this.size?.width === size.width && this.size.height === size.height && this.ratio === ratio))
      return false;
    this.size = size;
    this.ratio = ratio;
    this.canvas.width = Math.round(size.width * ratio);
    this.canvas.height = Math.round(size.height * ratio);
    for (const svg of [this.light, this.svg]) svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    return true;
  }

  geometry() {
    const full = this.drawn && this.plotly._fullLayout;
    this.place =
      full?._size && full.width === this.size.width
        ? scalesFrom(full, this.layout, this.traces)
        : scalesOf(this.layout, this.traces, this.size);
    return this.place;
  }

  // Draws what moves (and, before plotly stands, all the rest too) at a frame and step.
  draw(frame, step, item) {
    if (!this.size) return;
    const { theme } = this.theatre,
      { scales } = this.geometry(),
      chosen = this.spec.hover === "items" ? this.theatre.chosen : null;
    if (this.spec.still && this.stands(scales, chosen)) return this.mark(item);
    this.marks = this.at(frame, step);
    this.hands.told();
    const bars = rectangles(this.marks, scales, this.layout);
    this.brush.setTransform(1, 0, 0, 1, 0, 0);
    this.brush.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const used = new Set(),
      deep = [];
    for (const mark of this.marks) {
      if ((this.drawn && !mark.moving) || mark.trace.visible === false || mark.trace.visible === "legendonly") continue;
      if (axesOf(mark.trace, scales).some((scale) => !scale)) continue;
      const items = this.spec.hover === "items" && mark.trace.customdata;
      if (items && mark.depth) deep.push(mark);
      else if ((mark.count > FEW || (items && (chosen || this.spec.choosing))) && !isBar(mark.trace))
        drawTrace(this.brush, mark, scales, theme, this.ratio, chosen);
      else {
        used.add(mark.index);
        this.group(mark).draw(mark, scales, bars, theme, (sx, sy) => this.clip(sx, sy));
      }
    }
    if (deep.length) drawDeep(this.brush, deep, scales, theme, this.ratio, chosen);
    for (const [index, group] of this.groups) {
      if (used.has(index)) continue;
      group.remove();
      this.groups.delete(index);
    }
    this.mark(item);
  }

  // The numbers of all traces as they are drawn: of three dimensions, as they are seen.
  at(frame, step, traces = this.traces) {
    const marks = marksAt(this.spec, traces, frame, step);
    return this.spec.seen ? marks.map((mark) => (mark.z ? seenFrom(mark, this.angle, this.size) : mark)) : marks;
  }

  // Whether a view in which nothing moves is drawn already as it would be drawn now.
  stands(scales, chosen) {
    const places = Object.values(scales).map(({ base, toward }) => [base, toward]),
      now = [chosen, this.drawn, this.canvas.width, this.canvas.height, JSON.stringify(places)];
    const same = this.stood?.every((each, i) => each === now[i]);
    this.stood = now;
    return Boolean(same);
  }

  group(mark) {
    let group = this.groups.get(mark.index);
    if (!group) {
      group = new TraceGroup(this.svg, mark.index, mark.trace.name);
      this.groups.set(mark.index, group);
      const after = [...this.groups.keys()].filter((index) => index > mark.index).sort((a, b) => a - b)[0];
      if (after !== undefined) this.svg.insertBefore(group.group, this.groups.get(after).group);
    }
    return group;
  }

  clip(sx, sy) {
    const id = this.prefix + sx.letter + sx.offset + sy.offset,
      box = { x: sx.offset, y: sy.offset, width: sx.length, height: sy.length };
    this.boxes ??= new Map();
    if (!this.boxes.has(id))
      this.boxes.set(id, element("rect", {}, element("clipPath", { id: id.replaceAll(".", "_") }, this.clips)));
    set(this.boxes.get(id), box);
    return `url(#${id.replaceAll(".", "_")})`;
  }

  // Rings the item `item`, wherever this view has it.
  mark(item) {
    const found = item === null || item === undefined || this.spec.hover !== "items" ? [] : this.findAll(item);
    if (this.rings.at(-1).parentNode !== this.svg || this.rings.at(-1).nextSibling) this.svg.append(...this.rings);
    while (this.rings.length < found.length) {
      this.rings.push(element("circle", { class: "stage-ring", r: 9 }, this.svg));
      set(this.rings.at(-1), { stroke: this.theatre.theme.text });
    }
    this.rings.forEach((ring, i) =>
      set(ring, found[i] ? { cx: found[i].px, cy: found[i].py, display: null } : { display: "none" }),
    );
  }

  findAll(item) {
    return [...this.points()].filter((point) => point.id === item);
  }

  find(item) {
    for (const point of this.points()) if (point.id === item) return point;
    return null;
  }

  // Every point that has a number of its own (an item, a frame), in px.
  *points() {
    for (const mark of this.marks ?? []) {
      const numbers = mark.trace.customdata;
      if (!numbers || numbers.length !== mark.count || mark.trace.visible === false) continue;
      const [sx, sy] = axesOf(mark.trace, this.place.scales);
      for (let i = 0; i < mark.count; i++) {
        const px = sx.at(mark.x[i]),
          py = sy.at(mark.y[i]);
        if (inside(px, sx) && inside(py, sy)) yield { id: numbers[i], px, py, i, mark };
      }
    }
  }

  nearest(px, py, reach) {
    if (this.spec.hover === "picks") return this.column(px);
    let best = null,
      least = reach * reach;
    for (const point of this.points()) {
      const far = (point.px - px) ** 2 + (point.py - py) ** 2;
      if (far <= least) [best, least] = [point, far];
    }
    return best;
  }

  // What stands in the column at `px`.
  column(px) {
    const mark = this.marks?.find((each) => each.trace.customdata),
      [sx] = mark ? axesOf(mark.trace, this.place.scales) : [];
    if (!sx || px < sx.offset || px > sx.offset + sx.length) return null;
    const far = Array.from(mark.trace.customdata, (_, i) => Math.abs(sx.at(i) - px)),
      i = far.indexOf(Math.min(...far));
    return { id: mark.trace.customdata[i], i, mark, px: sx.at(i), py: 0 };
  }

  // The numbers that are drawn now, and where.
  reading() {
    const list = (values) => values && Array.from(values);
    const traces = this.marks.map(({ index, moving, x, y, low, high }) => {
      return { trace: index, moving, x: list(x), y: list(y), low: list(low), high: list(high) };
    });
    return { name: this.spec.name, traces, points: [...this.points()].map(({ id, px, py }) => ({ id, px, py })) };
  }

  lacks(step) {
    return lacks(this.spec, step);
  }

  // ——— before plotly, and plotly

  drawLight() {
    if (this.drawn || !this.size) return;
    drawAxes(this.light, this.layout, scalesOf(this.layout, this.traces, this.size), this.theatre.theme);
  }

  // Plotly's data at a frame; large moving traces are hidden under ours anyway and may come later.
  dataAt(frame, step, traces = this.traces) {
    return this.at(frame, step, traces).map((mark) => {
      const out = { ...mark.trace };
      if (this.spec.hover && out.customdata) {
        out.hoverinfo = "skip"; // ours to answer
        delete out.hovertemplate;
      }
      if (isBar(out))
        Object.assign(out, { insidetextanchor: out.insidetextanchor ?? "middle", textangle: out.textangle ?? 0 });
      if (mark.moving) Object.assign(out, { x: mark.x, y: mark.y }, mark.text ? { text: mark.text } : {});
      if (mark.low && mark.high) out[`error_${mark.ends}`] = interval(mark, out[`error_${mark.ends}`]);
      return out;
    });
  }

  dressedLayout() {
    const own = dressed(this.spec.figure.layout, this.theatre.theme, this.theatre.paint, this.size);
    return matchMedia("(pointer: coarse)").matches ? { ...own, dragmode: false } : own;
  }

  async settle(Plotly, frame, step) {
    if (!this.size?.width) return;
    const config = { displayModeBar: false, responsive: false, doubleClick: "reset", showTips: false };
    const first = !this.drawn;
    await Plotly.react(this.plotly, this.dataAt(frame, step), this.dressedLayout(), config);
    if (first) {
      this.plotly.on("plotly_relayouting", () => this.theatre.request());
      this.plotly.on("plotly_relayout", () => this.theatre.request());
      this.plotly.on("plotly_afterplot", () => this.hideMoving());
    }
    this.hideMoving();
    this.drawn = true;
    this.light.replaceChildren();
    this.plot.classList.add("stands");
  }

  // Plotly's own drawing of moving traces lies under ours: kept for its hover and its data, not seen.
  hideMoving() {
    const moving = new Set(this.spec.moving.map((each) => each.trace));
    for (const group of this.plotly.querySelectorAll(".scatterlayer > .trace, .barlayer .trace")) {
      const index = group.__data__?.[0]?.trace?.index;
      group.classList.toggle("stage-under", moving.has(index));
    }
  }

  close(Plotly) {
    if (this.drawn) Plotly?.purge(this.plotly);
    this.region.remove();
  }
}

function interval(mark, style) {
  const middle = mark.ends === "x" ? mark.x : mark.y;
  const array = Array.from(middle, (value, i) => mark.high[i] - value),
    arrayminus = Array.from(middle, (value, i) => value - mark.low[i]);
  return { ...style, type: "data", symmetric: false, array, arrayminus };
}

// A trace with the colour that plotly would have given it.
function coloured(trace, layout, paint) {
  const index = layout.colorway && (trace.marker?.color ?? trace.line?.color) === undefined ? 0 : -1;
  if (index < 0)
    return trace.type === "bar" || trace.line?.color
      ? trace
      : { ...trace, line: { ...trace.line, color: flat(trace.marker?.color) } };
  const colour = paint(layout.colorway[0]);
  return { ...trace, marker: { ...trace.marker, color: colour }, line: { ...trace.line, color: colour } };
}

const inside = (px, scale) => px >= scale.offset - 8 && px <= scale.offset + scale.length + 8;
const flat = (colour) => (typeof colour === "string" ? colour : undefined);

function layer(parent, name) {
  const svg = element("svg", { class: name, "aria-hidden": "true" });
  parent.append(svg);
  return svg;
}
