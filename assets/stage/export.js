// Taking a figure away as it stands: SVG and PNG (plotly, light paper) and the numbers behind it as CSV. No server.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { PAPER, dressed } = await at("./theme.js");
const { marksAt } = await at("./marks.js");

const INCHES = 7,
  DPI = 300,
  WIDE = 672; // px of the drawing: 96 to the inch

// The menu of a view: a button that opens three choices.
export function addMenu(view, theatre) {
  const button = node(
    "button",
    { type: "button", "aria-haspopup": "true", "aria-expanded": "false", class: "stage-take" },
    view.menu,
    "figure",
  );
  const list = node("div", { class: "stage-choices", hidden: "" }, view.menu);
  const open = (shown) => {
    list.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
  };
  for (const [kind, text] of [
    ["svg", "SVG"],
    ["png", "PNG, 300 dpi"],
    ["csv", "CSV, the numbers"],
  ]) {
    node("button", { type: "button", "data-kind": kind }, list, text).addEventListener("click", () => {
      open(false);
      save(kind, view, theatre).catch((error) => theatre.say(`The figure could not be made: ${error.message}.`));
    });
  }
  button.addEventListener("click", () => open(list.hidden));
  view.menu.addEventListener("focusout", (event) => view.menu.contains(event.relatedTarget) || open(false));
  view.menu.addEventListener("keydown", (event) => event.key === "Escape" && (open(false), button.focus()));
}

async function save(kind, view, theatre) {
  const { index, step } = theatre.shown,
    name = `${theatre.header.filename}-${view.spec.name}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const caption = captionOf(theatre);
  if (kind === "csv") return download(new Blob([csv(view, index, step, caption)], { type: "text/csv" }), `${name}.csv`);
  const svg = await drawing(view, await theatre.plotly(), index, step, caption);
  if (kind === "svg") return download(new Blob([svg.text], { type: "image/svg+xml" }), `${name}.svg`);
  return download(await raster(svg), `${name}.png`);
}

function captionOf({ header, shown }) {
  const places = header.sliders.map((slider, i) => `${slider.label} ${slider.values[[shown.index, shown.step][i]]}`);
  return [header.caption, ...places].filter(Boolean).join(" · ");
}

// {text, width, height}: the figure of this frame on white, with title, caption and <metadata>.
async function drawing(view, Plotly, index, step, caption) {
  const lines = wrapped(caption, 136),
    { title, subtitle } = view.spec,
    margin = view.spec.figure.layout.margin ?? {};
  const foot = 13 * lines.length + 22,
    head = 34 + (subtitle ? 18 : 0),
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
    ...(subtitle
      ? [{ ...words(escaped(subtitle), 1, 12, PAPER.muted), yanchor: "bottom", yshift: head - 47 + (margin.t ?? 10) }]
      : []),
    { ...words(lines.map(escaped).join("<br>"), 0, 9.5, PAPER.muted), yanchor: "top", yshift: foot - 12 - bottom },
  ];
  const data = view.dataAt(index, step, view.spec.figure.data);
  const address = await Plotly.toImage(
    { data, layout, config: { staticPlot: true } },
    { format: "svg", width: WIDE, height },
  );
  const page = new DOMParser().parseFromString(
    decodeURIComponent(address.slice(address.indexOf(",") + 1)),
    "image/svg+xml",
  );
  return { text: finished(page, height, caption, await face()), width: WIDE, height };
}

function finished(page, height, caption, style) {
  const root = page.documentElement,
    make = (tag, text) => Object.assign(page.createElementNS(root.namespaceURI, tag), { textContent: text });
  root.setAttribute("width", `${INCHES}in`);
  root.setAttribute("height", `${((height / WIDE) * INCHES).toFixed(3)}in`);
  root.setAttribute("viewBox", `0 0 ${WIDE} ${height}`);
  root.prepend(make("title", caption), make("metadata", caption), ...(style ? [make("style", style)] : []));
  return new XMLSerializer().serializeToString(page);
}

let fonts = null;

// The page's own font as a part of the picture, so that it looks the same elsewhere.
function face() {
  fonts ??= (async () => {
    const rules = [...document.fonts].filter((each) => each.family.replaceAll('"', "") === "Inter");
    const address = new URL("../fonts/inter.woff2", import.meta.url);
    if (!rules.length) return "";
    const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return `@font-face{font-family:Inter;font-weight:100 900;src:url(data:font/woff2;base64,${btoa(text)}) format("woff2")}`;
  })().catch(() => "");
  return fonts;
}

async function raster({ text, width, height }) {
  const sized = text.replace(
    /<svg([^>]*?) width="[^"]*"([^>]*?) height="[^"]*"/,
    `<svg$1 width="${width}"$2 height="${height}"`,
  );
  const address = URL.createObjectURL(new Blob([sized], { type: "image/svg+xml" })),
    image = new Image();
  try {
    image.src = address;
    await image.decode();
    const canvas = node("canvas", { width: INCHES * DPI, height: Math.round((height / width) * INCHES * DPI) }),
      brush = canvas.getContext("2d");
    brush.fillStyle = "#ffffff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    return withResolution(await new Promise((done) => canvas.toBlob(done, "image/png")));
  } finally {
    URL.revokeObjectURL(address);
  }
}

// A PNG with a pHYs chunk (dots a metre) after its header.
async function withResolution(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer()),
    chunk = new Uint8Array(21),
    view = new DataView(chunk.buffer);
  view.setUint32(0, 9);
  chunk.set([0x70, 0x48, 0x59, 0x73], 4);
  view.setUint32(8, Math.round(DPI / 0.0254));
  view.setUint32(12, Math.round(DPI / 0.0254));
  chunk[16] = 1;
  view.setUint32(17, crc(chunk.subarray(4, 17)));
  return new Blob([bytes.subarray(0, 33), chunk, bytes.subarray(33)], { type: "image/png" });
}

function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let k = 0; k < 8; k++) value = (value >>> 1) ^ (0xedb88320 & -(value & 1));
  }
  return ~value >>> 0;
}

// One line a point: trace, number, x, y, low, high, text.
function csv(view, index, step, caption) {
  const rows = [`# ${caption}`, "trace,item,x,y,low,high,text"],
    records = new Map(view.spec.moving.map((each) => [each.trace, each]));
  for (const mark of marksAt(view.spec, view.spec.figure.data, index, step)) {
    const record = records.get(mark.index),
      name = mark.trace.name ?? `trace ${mark.index}`;
    for (let i = 0; i < mark.count; i++) {
      const numbers = ["x", "y", "low", "high"].map((key) =>
        number(mark[key]?.[i], (record?.[key]?.steps?.[step] ?? record?.[key])?.digits),
      );
      if (numbers[0] === "" && numbers[1] === "") continue;
      const text = Array.isArray(mark.text) ? mark.text[i] : mark.text;
      rows.push([name, mark.trace.customdata?.[i] ?? "", ...numbers, text ?? ""].map(cell).join(","));
    }
  }
  return rows.join("\n") + "\n";
}

function number(value, digits) {
  if (value === undefined || value === null || (typeof value === "number" && !Number.isFinite(value))) return "";
  if (typeof value !== "number") return value;
  return digits === null || digits === undefined ? Number(value.toPrecision(7)) : Number(value.toFixed(digits));
}

const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1).length + word.length + 1 > width && lines.at(-1)) lines.push("");
    lines.push((lines.pop() + " " + word).trim());
  }
  return lines;
}

function download(blob, name) {
  const address = URL.createObjectURL(blob),
    link = node("a", { href: address, download: name }, document.body);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
