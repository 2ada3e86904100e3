// Axes, titles, shapes and annotations of a figure before plotly has been loaded, in the places where plotly puts them.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { ticks } = await at("./scales.js");
const { element, write } = await at("./svg.js");
const { dashOf } = await at("./marks.js");

export function drawAxes(svg, layout, geometry, theme) {
  svg.replaceChildren();
  const back = element("g", { "shape-rendering": "crispEdges" }, svg),
    front = element("g", {}, svg);
  shapes(front, layout, geometry);
  for (const scale of Object.values(geometry.scales)) {
    const across = scale.letter === "x",
      other = partner(scale, geometry.scales);
    if (scale.axis.visible === false || !other) continue;
    const edge = across ? other.offset + other.length : other.offset;
    for (const tick of ticks(scale)) drawTick(back, front, scale, other, edge, tick, theme, across);
    if (scale.axis.showline) {
      const wide = scale.axis.linewidth ?? 1,
        to = scale.offset + scale.length,
        at = across ? edge + wide / 2 : edge - wide / 2;
      const ends = across ? { x1: scale.offset, x2: to, y1: at, y2: at } : { y1: scale.offset, y2: to, x1: at, x2: at };
      element("line", { ...ends, stroke: theme.line, "stroke-width": wide }, back);
    }
    title(front, scale, edge, theme, across);
  }
  for (const note of layout.annotations ?? []) annotation(front, note, geometry, theme);
}

function partner(scale, scales) {
  const anchor = scale.axis.anchor;
  return scales[anchor && anchor !== "free" ? anchor : scale.letter === "x" ? "y" : "x"];
}

function drawTick(back, front, scale, other, edge, tick, theme, across) {
  const { axis } = scale,
    size = axis.tickfont?.size ?? 11;
  const out = axis.ticks === "outside" ? (axis.ticklen ?? 5) : 0;
  if (axis.showgrid !== false) {
    const [from, to] = [other.offset, other.offset + other.length];
    const ends = across
      ? { x1: tick.at, x2: tick.at, y1: from, y2: to }
      : { y1: tick.at, y2: tick.at, x1: from, x2: to };
    element("line", { ...ends, stroke: theme.grid, "stroke-width": axis.gridwidth ?? 1 }, back);
  }
  if (out) {
    const ends = across
      ? { x1: tick.at, x2: tick.at, y1: edge, y2: edge + out }
      : { y1: tick.at, y2: tick.at, x1: edge - out, x2: edge };
    element("line", { ...ends, stroke: theme.line, "stroke-width": 1 }, back);
  }
  const gap = out + (out || axis.showline ? 0.2 * size : 0) + 0.5 + (axis.ticklabelstandoff ?? 0);
  const place = across
    ? { x: tick.at, y: edge + gap + size, "text-anchor": "middle" }
    : { x: edge - gap, y: tick.at + size * 0.35, "text-anchor": "end" };
  write(element("text", { ...place, "font-size": size, fill: theme.muted }, front), tick.text);
}

function title(front, scale, edge, theme, across) {
  const { axis } = scale,
    own = typeof axis.title === "string" ? { text: axis.title } : axis.title;
  if (!own?.text) return;
  const size = own.font?.size ?? 12,
    tick = axis.tickfont?.size ?? 11,
    out = axis.ticks === "outside" ? (axis.ticklen ?? 5) : 0;
  const middle = scale.offset + scale.length / 2;
  if (across) {
    const y =
      own.standoff !== undefined ? edge + out + tick * 1.3 + own.standoff + size * 0.8 : edge + 14 + size * 1.5 + tick;
    write(
      element("text", { x: middle, y, "text-anchor": "middle", "font-size": size, fill: theme.muted }, front),
      own.text,
    );
  } else {
    const labels = Math.max(0, ...ticks(scale).map(({ text }) => text.length)) * tick * 0.58;
    const x = own.standoff !== undefined ? edge - out - labels - own.standoff - size * 0.3 : edge - 10 - size * 2;
    const node = element(
      "text",
      {
        x,
        y: middle,
        "text-anchor": "middle",
        "font-size": size,
        fill: theme.muted,
        transform: `rotate(-90 ${x} ${middle})`,
      },
      front,
    );
    write(node, own.text);
  }
}

function place(value, ref, letter, { scales, plot }) {
  const [axis, kind] = String(ref ?? "paper").split(" ");
  if (axis === "paper" || kind === "domain") {
    const scale = scales[axis],
      [from, long] = scale
        ? [scale.offset, scale.length]
        : letter === "x"
          ? [plot.x, plot.width]
          : [plot.y, plot.height];
    return letter === "x" ? from + long * value : from + long * (1 - value);
  }
  return scales[axis]
    ? scales[axis].base +
        scales[axis].toward *
          (typeof value === "string"
            ? scales[axis].number(value)
            : scales[axis].axis.type === "log"
              ? value
              : Number(value))
    : NaN;
}

function shapes(front, layout, geometry) {
  for (const shape of layout.shapes ?? []) {
    const log = (ref, letter) =>
      geometry.scales[ref]?.axis.type === "log" ? (value) => Math.log10(value) : (value) => value;
    const [fx, fy] = [log(shape.xref ?? "x"), log(shape.yref ?? "y")];
    const [x1, x2] = [shape.x0, shape.x1].map((value) => place(fx(value), shape.xref ?? "x", "x", geometry));
    const [y1, y2] = [shape.y0, shape.y1].map((value) => place(fy(value), shape.yref ?? "y", "y", geometry));
    if (!Number.isFinite(x1 + x2 + y1 + y2)) continue;
    const stroke = {
      stroke: shape.line?.color ?? "#888",
      "stroke-width": shape.line?.width ?? 2,
      "stroke-dasharray": dashOf(shape.line) || null,
      opacity: shape.opacity ?? null,
    };
    if (shape.type === "line") element("line", { x1, x2, y1, y2, ...stroke }, front);
    else if (shape.type === "rect")
      element(
        "rect",
        {
          x: Math.min(x1, x2),
          y: Math.min(y1, y2),
          width: Math.abs(x2 - x1),
          height: Math.abs(y2 - y1),
          fill: shape.fillcolor ?? "none",
          ...stroke,
        },
        front,
      );
  }
}

function annotation(front, note, geometry, theme) {
  const x = place(note.x, note.xref ?? "x", "x", geometry) + (note.xshift ?? 0),
    y = place(note.y, note.yref ?? "y", "y", geometry) - (note.yshift ?? 0);
  if (!note.text || !Number.isFinite(x + y)) return;
  const size = note.font?.size ?? 12,
    lines = String(note.text).split(/<br\s*\/?>/);
  const [dx, dy] = note.showarrow === false ? [0, 0] : [note.ax ?? -10, note.ay ?? -30];
  const paper = (ref) => String(ref ?? "").startsWith("paper") || String(ref ?? "").endsWith("domain");
  const side = anchor(
    note.xanchor,
    paper(note.xref) && note.showarrow === false ? note.x : 0.5,
    ["start", "middle", "end"],
    ["left", "center", "right"],
  );
  const rise = anchor(
    note.yanchor,
    paper(note.yref) && note.showarrow === false ? note.y : 0.5,
    [0, 1, 2],
    ["bottom", "middle", "top"],
  );
  const tall = size * 1.3 * lines.length,
    top = rise === 0 ? -tall : rise === 1 ? -tall / 2 : 0;
  lines.forEach((line, i) => {
    const place = {
      x: x + dx + (side === "start" ? 1 : side === "end" ? -1 : 0),
      y: y + dy + top + size * (1.3 * i + 1),
    };
    write(
      element(
        "text",
        { ...place, "text-anchor": side, "font-size": size, fill: note.font?.color ?? theme.text },
        front,
      ),
      line,
    );
  });
}

function anchor(given, share, names, words) {
  if (words.includes(given)) return names[words.indexOf(given)];
  return names[share < 1 / 3 ? 0 : share > 2 / 3 ? 2 : 1];
}
