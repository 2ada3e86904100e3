// A figure as a file: the menu that offers it, SVG and PNG on white paper, tables, captions. No server.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");

const INCHES = 7,
  DPI = 300;
export const WIDE = 672; // px of the drawing: 96 to the inch

// A button that opens three choices. `source`: {name(), drawing(caption), which promises {text, width, height}, table(),
// lines of cells}, each of what is shown when it is asked.
export function addMenu(host, theatre, source) {
  const button = node(
    "button",
    { type: "button", "aria-haspopup": "true", "aria-expanded": "false", class: "stage-take" },
    host,
    "figure",
  );
  const list = node("div", { class: "stage-choices", hidden: "" }, host);
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
      save(kind, source, theatre).catch((error) => theatre.say(`The figure could not be made: ${error.message}.`));
    });
  }
  button.addEventListener("click", () => open(list.hidden));
  host.addEventListener("focusout", (event) => host.contains(event.relatedTarget) || open(false));
  host.addEventListener("keydown", (event) => event.key === "Escape" && (open(false), button.focus()));
}

async function save(kind, source, theatre) {
  const name = `${theatre.header.filename}-${source.name()}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const caption = captionOf(theatre);
  if (kind === "csv") {
    const text = [`# ${caption}`, ...source.table().map((cells) => cells.map(cell).join(","))].join("\n") + "\n";
    return download(new Blob([text], { type: "text/csv" }), `${name}.csv`);
  }
  const svg = await source.drawing(caption);
  if (kind === "svg") return download(new Blob([svg.text], { type: "image/svg+xml" }), `${name}.svg`);
  return download(await raster(svg), `${name}.png`);
}

function captionOf({ header, shown }) {
  const places = header.sliders.map((slider, i) => `${slider.label} ${slider.values[[shown.index, shown.step][i]]}`);
  return [header.caption, ...places].filter(Boolean).join(" · ");
}

// {text, width, height} of a drawing: measured in inches, with caption, <metadata> and the page's own font.
export async function finished(page, height, caption) {
  const root = page.documentElement,
    style = await face(),
    make = (tag, text) => Object.assign(page.createElementNS(root.namespaceURI, tag), { textContent: text });
  root.setAttribute("width", `${INCHES}in`);
  root.setAttribute("height", `${((height / WIDE) * INCHES).toFixed(3)}in`);
  root.setAttribute("viewBox", `0 0 ${WIDE} ${height}`);
  root.prepend(make("title", caption), make("metadata", caption), ...(style ? [make("style", style)] : []));
  return { text: new XMLSerializer().serializeToString(page), width: WIDE, height };
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

const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

// Lines of at most `width` characters.
export function wrapped(text, width) {
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
