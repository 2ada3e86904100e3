// A view as a file: plotly's drawing of it, and the numbers behind it.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { PAPER, dressed } = await at("./theme.js");
const { marksAt } = await at("./marks.js");
const { WIDE, addMenu, finished, wrapped } = await at("./export.js");

export const offerView = (view, theatre) =>
  addMenu(view.menu, theatre, {
    name: () => view.spec.name,
    drawing: (caption) => drawing(view, theatre, caption),
    table: () => table(view, theatre.shown),
  });

// {text, width, height}: the figure of this frame on white, with title, caption and <metadata>.
async function drawing(view, theatre, caption) {
  const { index, step } = theatre.shown,
    Plotly = await theatre.plotly();
  const lines = wrapped(caption, 136),
    { title, subtitle } = view.spec,
    under = subtitle ? wrapped(subtitle, 104) : [],
    margin = view.spec.figure.layout.margin ?? {};
  const foot = 13 * lines.length + 22,
    head = 34 + 17 * under.length,
    room = view.size.height / view.size.width;
  const height = Math.round(Math.min(1.1, Math.max(0.62, room)) * WIDE) + foot;
  const layout = dressed(view.spec.figure.layout, PAPER, (colour) => colour, { width: WIDE, height });
  for (const key of Object.keys(layout)) if (/^[xy]axis/.test(key)) layout[key] = { ...layout[key], automargin: true };
  const top = (margin.t ?? 10) + head,
    bottom = (margin.b ?? 44) + foot;
  layout.margin = { ...margin, t: top, b: bottom };
  layout.paper_bgcolor = layout.plot_bgcolor = "#ffffff";
  const words = (text, y, size, colour) => ({
    text,
    x: 0,
    xref: "paper",
    xanchor: "left",
    xshift: 12 - (margin.l ?? 52),
    y,
    yref: "paper",
    align: "left",
    showarrow: false,
    font: { size, color: colour, family: PAPER.font },
  });
  layout.annotations = [
    ...(layout.annotations ?? []),
    {
      ...words(`<b>${escaped(title || view.spec.name)}</b>`, 1, 15, PAPER.text),
      yanchor: "bottom",
      yshift: head - 28 + (margin.t ?? 10),
    },
    ...(under.length
      ? [
          {
            ...words(under.map(escaped).join("<br>"), 1, 12, PAPER.muted),
            yanchor: "top",
            yshift: head - 30 + (margin.t ?? 10),
          },
        ]
      : []),
    { ...words(lines.map(escaped).join("<br>"), 0, 9.5, PAPER.muted), yanchor: "top", yshift: foot - 12 - bottom },
  ];
  const data = view.dataAt(index, step, view.spec.figure.data);
  if (view.spec.legend.length) explain(layout, data, view.spec.legend);
  const address = await Plotly.toImage(
    { data, layout, config: { staticPlot: true } },
    { format: "svg", width: WIDE, height },
  );
  const page = new DOMParser().parseFromString(
    decodeURIComponent(address.slice(address.indexOf(",") + 1)),
    "image/svg+xml",
  );
  return finished(page, height, caption);
}

// The colours in words, under the drawing, as they stand in the legend of the page.
function explain(layout, data, legend) {
  for (const trace of data) trace.showlegend = false;
  for (const [index, name] of legend) Object.assign(data[index], { name, showlegend: true });
  layout.showlegend = true;
  layout.legend = { orientation: "h", x: 0, y: 0, yanchor: "top", font: { size: 11, color: PAPER.text }, itemsizing: "constant" };
  layout.margin.b += 26;
}

// One line a point: trace, number, x, y, low, high, text. Legends and shaded regions (meta: "furniture") have none.
function table(view, { index, step }) {
  const keys = view.spec.seen ? ["x", "y", "z", "low", "high"] : ["x", "y", "low", "high"];
  const rows = [["trace", "item", ...keys, "text"]],
    records = new Map(view.spec.moving.map((each) => [each.trace, each]));
  for (const mark of marksAt(view.spec, view.spec.figure.data, index, step)) {
    const record = records.get(mark.index),
      name = mark.trace.name ?? `trace ${mark.index}`;
    if (mark.trace.meta === "furniture") continue;
    for (let i = 0; i < mark.count; i++) {
      const numbers = keys.map((key) =>
        number(mark[key]?.[i], (record?.[key]?.steps?.[step] ?? record?.[key])?.digits),
      );
      if (numbers[0] === "" && numbers[1] === "") continue;
      const text = Array.isArray(mark.text) ? mark.text[i] : mark.text;
      rows.push([name, mark.trace.customdata?.[i] ?? "", ...numbers, text ?? ""]);
    }
  }
  return rows;
}

function number(value, digits) {
  if (value === undefined || value === null || (typeof value === "number" && !Number.isFinite(value))) return "";
  if (typeof value !== "number") return value;
  return digits === null || digits === undefined ? Number(value.toPrecision(7)) : Number(value.toFixed(digits));
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
