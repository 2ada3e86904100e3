// Few marks, as SVG elements that are kept and moved: crisp, and readable in the document.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { axesOf, dashOf, fontOf, has, isBar, markerOf, pick, symbolPath } = await at("./marks.js");

const SPACE = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, parent = null) {
  const node = document.createElementNS(SPACE, tag);
  set(node, attributes);
  parent?.append(node);
  return node;
}

// Sets attributes that differ from what was set last: the document is not touched for nothing.
export function set(node, attributes) {
  const last = (node.last ??= {});
  for (const key in attributes) {
    const value = typeof attributes[key] === "number" ? Math.round(attributes[key] * 100) / 100 : attributes[key];
    if (last[key] === value) continue;
    last[key] = value;
    if (value === null || value === undefined) node.removeAttribute(key);
    else node.setAttribute(key, value);
  }
}

// One trace in its own <g>.
export class TraceGroup {
  constructor(parent, index, name) {
    this.group = element("g", { "data-trace": index, "data-name": name ?? null }, parent);
    this.kept = new Map();
  }

  node(role, i, tag) {
    const key = role + i + tag;
    let node = this.kept.get(key);
    if (!node) {
      node = element(tag, { "data-role": role, "data-point": role === "line" ? null : i }, this.group);
      this.kept.set(key, node);
    }
    this.used.add(key);
    return node;
  }

  draw(mark, scales, rectangles, theme, clip) {
    this.used = new Set();
    const { trace } = mark,
      [sx, sy] = axesOf(trace, scales);
    set(this.group, {
      "clip-path": trace.cliponaxis === false || isBar(trace) ? null : clip(sx, sy),
      opacity: trace.opacity ?? null,
    });
    if (isBar(trace)) this.bars(mark, rectangles, theme);
    else this.scatter(mark, sx, sy, theme);
    for (const [key, node] of this.kept) if (!this.used.has(key)) set(node, { display: "none" });
  }

  scatter(mark, sx, sy, theme) {
    const { trace, count } = mark,
      xs = [],
      ys = [];
    for (let i = 0; i < count; i++) {
      xs.push(sx.at(mark.x[i]));
      ys.push(sy.at(mark.y[i]));
    }
    if (has(trace, "lines") && count) this.line(trace, xs, ys);
    if (mark.low && mark.high) this.intervals(mark, sx, sy, xs, ys);
    const marked = has(trace, "markers"),
      worded = has(trace, "text") && mark.text;
    for (let i = 0; i < count; i++) {
      const shown = Number.isFinite(xs[i]) && Number.isFinite(ys[i]);
      if (marked) this.marker(markerOf(trace, i), i, xs[i], ys[i], shown, trace.opacity ?? 1);
      if (worded)
        this.word(
          trace,
          pick(mark.text, i, ""),
          i,
          xs[i],
          ys[i],
          shown,
          marked ? pick(trace.marker?.size, i, 6) / 2 : 0,
          theme,
        );
    }
  }

  line(trace, xs, ys) {
    const path = pathOf(xs, ys),
      { color, width, shape } = trace.line ?? {};
    const filled = trace.fill && trace.fill !== "none";
    set(this.node("line", 0, "path"), {
      d: path && filled && trace.fill === "toself" ? path + "Z" : path,
      fill: filled ? (trace.fillcolor ?? color) : "none",
      stroke: color ?? trace.marker?.color,
      "stroke-width": width ?? 2,
      "stroke-dasharray": dashOf(trace.line) || null,
      "stroke-linejoin": "round",
      display: null,
      "data-shape": shape ?? null,
    });
  }

  intervals(mark, sx, sy, xs, ys) {
    const flat = mark.ends === "x",
      style = mark.trace[flat ? "error_x" : "error_y"] ?? {},
      cap = style.width ?? 4;
    for (let i = 0; i < mark.count; i++) {
      const [from, to] = flat ? [sx.at(mark.low[i]), sx.at(mark.high[i])] : [sy.at(mark.low[i]), sy.at(mark.high[i])];
      const shown = Number.isFinite(from + to + xs[i] + ys[i]),
        end = cap ? `m0,${-cap}v${2 * cap}` : "",
        side = cap ? `m${-cap},0h${2 * cap}` : "";
      const d = !shown
        ? null
        : flat
          ? `M${round(from)},${round(ys[i])}${end}m0,${-cap}H${round(to)}${end}`
          : `M${round(xs[i])},${round(from)}${side}m${-cap},0V${round(to)}${side}`;
      set(this.node("interval", i, "path"), {
        d,
        fill: "none",
        stroke: style.color ?? mark.trace.marker?.color,
        "stroke-width": style.thickness ?? 2,
        display: shown ? null : "none",
      });
    }
  }

  marker(look, i, x, y, shown, whole) {
    const circle = look.symbol === "circle",
      node = this.node("mark", i, circle ? "circle" : "path");
    const place = { cx: shown ? x : null, cy: shown ? y : null, display: shown ? null : "none" };
    const style = {
      fill: look.fill,
      stroke: look.stroke,
      "stroke-width": look.stroke === "none" ? null : look.width,
      opacity: look.opacity / whole,
    };
    if (circle) set(node, { ...place, ...style, r: look.radius });
    else
      set(node, {
        ...place,
        ...style,
        d: symbolPath(look.symbol, look.radius),
        transform: shown ? `translate(${round(x)},${round(y)})` : null,
      });
  }

  word(trace, text, i, x, y, shown, radius, theme) {
    const node = this.node("text", i, "text"),
      font = fontOf(trace, i, theme);
    const { anchor, dx, dy } = placed(pick(trace.textposition, i, "middle center"), font.size, radius);
    set(node, {
      x: shown ? x + dx : null,
      y: shown ? y + dy : null,
      "text-anchor": anchor,
      "font-size": font.size,
      fill: font.colour,
      "font-weight": font.weight,
      // names stand over points: a halo in the page's colour keeps them readable
      style: font.weight >= 600 ? `paint-order: stroke; stroke: ${theme.background}; stroke-width: 3px; stroke-linejoin: round` : null,
      display: shown ? null : "none",
    });
    write(node, text);
  }

  bars(mark, rectangles, theme) {
    const { trace } = mark,
      rects = rectangles.get(mark.index) ?? [];
    rects.forEach((rect, i) => {
      const look = markerOf(trace, i);
      set(
        this.node("bar", i, "rect"),
        rect
          ? {
              ...rect,
              fill: look.fill,
              stroke: look.width ? look.stroke : null,
              "stroke-width": look.width || null,
              "fill-opacity": pick(trace.marker?.opacity, i, 1),
              display: null,
            }
          : { display: "none" },
      );
      const text = pick(mark.text, i, ""),
        font = fontOf(trace, i, theme, trace.insidetextfont ? "insidetextfont" : "textfont");
      if (!text || trace.textposition === "none") return;
      const fits = rect && rect.width > text.length * font.size * 0.56 + 4 && rect.height > font.size;
      const node = this.node("text", i, "text");
      set(
        node,
        fits
          ? {
              x: rect.x + rect.width / 2,
              y: rect.y + rect.height / 2 + font.size * 0.35,
              "text-anchor": "middle",
              "font-size": font.size,
              fill: font.colour,
              "font-weight": font.weight,
              display: null,
            }
          : { display: "none" },
      );
      write(node, text);
    });
  }

  remove() {
    this.group.remove();
  }
}

export function write(node, text) {
  const plain = String(text)
    .replace(/<br\s*\/?>/g, " ")
    .replace(/<[^>]*>/g, "");
  if (node.textContent !== plain) node.textContent = plain;
}

const round = (value) => Math.round(value * 100) / 100;

export function pathOf(xs, ys) {
  let path = "",
    pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) pen = "M";
    else {
      path += `${pen}${round(xs[i])},${round(ys[i])}`;
      pen = "L";
    }
  }
  return path;
}

// Anchor and offsets of a text beside a point, for plotly's "top center", "middle right", …
export function placed(position, size, radius) {
  const [vertical, side] = String(position).split(" ");
  const dy = vertical === "top" ? -radius - size * 0.35 : vertical === "bottom" ? radius + size : size * 0.35;
  const aside = vertical === "middle" ? radius + 3 : 0;
  if (side === "left") return { anchor: "end", dx: -aside, dy };
  if (side === "right") return { anchor: "start", dx: aside, dy };
  return { anchor: "middle", dx: 0, dy };
}
