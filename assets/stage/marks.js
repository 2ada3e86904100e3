// What of a trace is drawn: its numbers at one frame, its style point by point, the rectangles of bars.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { slice, nearest, missing } = await at("./wire.js");
const { rgba } = await at("./theme.js");

export const FEW = 60; // up to this many points are SVG elements, more are pixels
const EMPTY = [];

// The numbers of every trace of a view at `frame` and `step`: [{index, trace, x, y, low, high, text, moving}].
export function marksAt(view, traces, frame, step) {
  const moving = new Map(view.moving.map((each) => [each.trace, each]));
  return traces.map((trace, index) => {
    const mark = {
      index,
      trace,
      x: trace.x ?? EMPTY,
      y: trace.y ?? EMPTY,
      text: trace.text,
      moving: moving.has(index),
    };
    const record = moving.get(index);
    if (record) {
      for (const key of ["x", "y", "z", "low", "high", "text"]) {
        if (record[key]) mark[key] = slice(record[key], frame, nearest(record[key], step));
      }
      mark.ends = record.ends;
    }
    mark.count = Math.max(mark.x.length, mark.y.length);
    return mark;
  });
}

// The steps that a view has to ask for, to show what is nearest to `step`.
export const lacks = (view, step) =>
  view.moving.flatMap((each) => ["x", "y", "z", "low", "high"].map((key) => missing(each[key], step)).filter((place) => place !== undefined));

export const pick = (value, i, other) =>
  value === undefined || value === null ? other : typeof value === "object" ? (value[i] ?? other) : value;

export const axesOf = (trace, scales) => [scales[trace.xaxis ?? "x"], scales[trace.yaxis ?? "y"]];

// Colour of point `i`: a colour as it is, a number through the trace's colour scale.
export function colourOf(style, i, other) {
  const value = pick(style?.color, i, other);
  if (typeof value !== "number") return value;
  const scale = style.colorscale,
    low = style.cmin ?? 0,
    high = style.cmax ?? 1;
  if (!Array.isArray(scale)) return other;
  const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  const k = Math.max(
      1,
      scale.findIndex(([stop]) => stop >= share),
    ),
    [[from, a], [to, b]] = [scale[k - 1], scale[k]];
  const mix = (share - from) / (to - from || 1),
    left = rgba(a),
    right = rgba(b);
  return `rgb(${[0, 1, 2].map((c) => Math.round(left[c] + (right[c] - left[c]) * mix)).join(",")})`;
}

// Style of the marker of point `i`.
export function markerOf(trace, i) {
  const marker = trace.marker ?? {},
    symbol = String(pick(marker.symbol, i, "circle"));
  const colour = colourOf(marker, i, trace.line?.color ?? "#5c6470"),
    open = symbol.endsWith("-open");
  const thin = /^line-/.test(symbol);
  const width = pick(marker.line?.width, i, open || thin ? 1.5 : 0);
  const opacity = pick(marker.opacity, i, 1) * (trace.opacity ?? 1);
  return {
    symbol: symbol.replace("-open", ""),
    radius: pick(marker.size, i, 6) / 2,
    opacity,
    fill: open || thin ? "none" : colour,
    stroke: open ? colour : colourOf(marker.line, i, thin ? colour : "none"),
    width,
  };
}

// SVG path of a symbol around 0,0; sizes as plotly's.
export function symbolPath(symbol, r) {
  const d = r * 1.3,
    t = r * 1.15,
    c = r * 0.4,
    w = r * 1.2,
    l = r * 1.4,
    q = r / Math.SQRT2;
  switch (symbol) {
    case "square":
      return `M${-r},${-r}H${r}V${r}H${-r}Z`;
    case "diamond":
      return `M${d},0L0,${d}L${-d},0L0,${-d}Z`;
    case "cross":
      return `M${w},${c}H${c}V${w}H${-c}V${c}H${-w}V${-c}H${-c}V${-w}H${c}V${-c}H${w}Z`;
    case "x":
      return `M${-q},${-q}L${q},${q}M${q},${-q}L${-q},${q}`;
    case "triangle-up":
      return `M${-t},${r / 2}H${t}L0,${-r}Z`;
    case "triangle-down":
      return `M${-t},${-r / 2}H${t}L0,${r}Z`;
    case "line-ns":
      return `M0,${l}V${-l}`;
    case "line-ew":
      return `M${l},0H${-l}`;
    default:
      return `M${r},0A${r},${r} 0 1,1 0,${-r}A${r},${r} 0 0,1 ${r},0Z`;
  }
}

export const fontOf = (trace, i, theme, key = "textfont") => ({
  size: pick(trace[key]?.size, i, 12),
  colour: pick(trace[key]?.color, i, theme.text),
  weight: pick(trace[key]?.weight, i, "normal"),
});

export const has = (trace, what) => (trace.mode ?? "lines").includes(what);
export const isBar = (trace) => trace.type === "bar";

// Dashes as plotly's: in units of the line's width, of at least 3 px.
const DASH = { dot: [1, 1], dash: [3, 3], longdash: [5, 5], dashdot: [3, 1, 1, 1], longdashdot: [5, 2, 1, 2] };
export function dashOf(line) {
  const name = line?.dash ?? "solid";
  return DASH[name]
    ? DASH[name].map((each) => each * Math.max(line.width ?? 2, 3)).join(",")
    : /^\d/.test(name)
      ? name.replaceAll("px", "")
      : "";
}

// Rectangles of every bar trace of a view, stacked or side by side as plotly does: index → [{x, y, width, height, length}].
export function rectangles(marks, scales, layout) {
  const bars = marks.filter((mark) => isBar(mark.trace) && mark.trace.visible !== false),
    tops = new Map(),
    out = new Map();
  const mode = layout.barmode ?? "group",
    gap = layout.bargap ?? 0.2;
  const groups = mode === "group" ? [...new Set(bars.map((mark) => mark.trace.offsetgroup ?? mark.index))] : [];
  for (const mark of bars) {
    const flat = mark.trace.orientation === "h",
      [sx, sy] = axesOf(mark.trace, scales);
    const [places, sizes, across, along] = flat ? [mark.y, mark.x, sy, sx] : [mark.x, mark.y, sx, sy];
    const share = groups.length || 1,
      slot = groups.indexOf(mark.trace.offsetgroup ?? mark.index);
    out.set(
      mark.index,
      Array.from(sizes, (size, i) => {
        if (!Number.isFinite(size) || places[i] === undefined) return null;
        const name = `${across.letter}${mark.trace.xaxis}${mark.trace.yaxis}${places[i]}${size < 0}`;
        const base = pick(mark.trace.base, i, mode === "stack" || mode === "relative" ? (tops.get(name) ?? 0) : 0);
        tops.set(name, base + size);
        const thick = pick(mark.trace.width, i, (1 - gap) / share) * across.unit;
        const middle =
          across.at(places[i]) + (slot < 0 ? 0 : (slot - (share - 1) / 2) * thick * Math.sign(across.toward));
        const [from, to] = [along.at(base), along.at(base + size)],
          near = Math.min(from, to),
          long = Math.abs(to - from);
        if (!Number.isFinite(middle + near + long)) return null;
        return flat
          ? { x: near, y: middle - thick / 2, width: long, height: thick }
          : { x: middle - thick / 2, y: near, width: thick, height: long };
      }),
    );
  }
  return out;
}
