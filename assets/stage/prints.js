// The rows of pictures as a file: small PNGs among vector text, and their levels.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { element } = await at("./svg.js");
const { PAPER } = await at("./theme.js");
const { fill } = await at("./pictures.js");
const { valueOf } = await at("./amounts.js");
const { WIDE, addMenu, finished, wrapped } = await at("./export.js");

const EDGE = 12,
  LARGEST = 72, // px: margin, height of a picture at most
  LABEL = 12; // px: size of the rows' names
const CRISP = "image-rendering:optimizeSpeed;image-rendering:pixelated"; // the first for programs that lack the second

export function offerPictures(pictures, theatre) {
  const rows = () =>
    pictures.standing(theatre.shown.index, theatre.item, theatre.parts.get(`item ${theatre.item}`)?.rows);
  addMenu(pictures.menu, theatre, {
    name: () => "pictures",
    drawing: (caption) => drawing(pictures.spec, rows(), caption),
    table: () => table(rows()),
  });
}

function drawing({ title, subtitle }, rows, caption) {
  const page = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg"),
    root = page.documentElement;
  let below = 12;
  const write = (text, x, y, size, more = {}) => {
    const look = { "font-size": size, "font-family": PAPER.font, fill: PAPER.muted, ...more };
    element("text", { x, y, ...look }, root).textContent = text;
  };
  element("rect", { width: "100%", height: "100%", fill: PAPER.background }, root);
  write(title, EDGE, (below += 12), 15, { fill: PAPER.text, "font-weight": 700 });
  for (const line of subtitle ? wrapped(subtitle, 104) : []) write(line, EDGE, (below += 17), 12);
  below = grid(root, rows, below + 24, write);
  const lines = wrapped(caption, 136);
  lines.forEach((line, i) => write(line, EDGE, below + 22 + 13 * i, 9.5));
  return finished(page, Math.round(below + 22 + 13 * lines.length), caption);
}

// Columns under the numbers of their items, the one pointed at in front, and new numbers where a row shows others;
// returns where the rows end.
function grid(root, rows, top, write) {
  const { width, height } = rows[0],
    most = Math.max(...rows.map((row) => row.pictures.length)),
    front = rows[0].pictures[0].front ? 16 : 0,
    gap = 6,
    labels = widest(rows.map((row) => row.label)) + 12;
  const room = (WIDE - 2 * EDGE - labels - front + gap) / most - gap;
  const tall = Math.min(LARGEST, (room * height) / width),
    wide = (tall * width) / height;
  const left = (i) => EDGE + labels + i * (wide + gap) + (i ? front : 0);
  let y = top,
    numbers = "";
  for (const row of rows) {
    const own = row.pictures.map(({ item }) => item ?? "").join();
    if (own !== numbers && /\d/.test(own)) {
      y += numbers ? 16 : 0;
      write("item", EDGE, y, 11);
      row.pictures.forEach(({ item }, i) => write(item ?? "", left(i) + wide / 2, y, 11, { "text-anchor": "middle" }));
      y += 8;
    }
    numbers = own;
    write(row.label, EDGE, y + tall / 2 + 4, LABEL, { fill: PAPER.text });
    row.pictures.forEach(({ values }, i) => {
      const place = { x: left(i), y, width: wide, height: tall, preserveAspectRatio: "none", style: CRISP };
      element("image", { href: address(row, values), ...place }, root);
      outline(root, left(i), y, wide, tall);
    });
    y += tall + gap;
  }
  return y - gap;
}

// Room for the names of rows, in px.
function widest(names) {
  const brush = node("canvas").getContext("2d");
  brush.font = `${LABEL}px ${PAPER.font}`;
  return Math.ceil(Math.max(...names.map((name) => brush.measureText(name).width)));
}

// A hairline round a picture, outside of it: one that is as white as the paper is still seen to be there.
function outline(root, x, y, width, height) {
  const place = { x: x - 0.25, y: y - 0.25, width: width + 0.5, height: height + 0.5 };
  element("rect", { ...place, fill: "none", stroke: PAPER.line, "stroke-width": 0.5 }, root);
}

function address(row, values) {
  const canvas = node("canvas", { width: row.width, height: row.height }),
    image = new ImageData(row.width, row.height);
  fill(image, 0, values, 0, row, PAPER);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas.toDataURL("image/png");
}

// One line a pixel and channel; levels 0 to 255, of signed rows −127 to 127 around zero, of amounts the amount.
function table(rows) {
  const lines = [["row", "item", "y", "x", "channel", "value"]];
  for (const { label, signed, amount, width, depth, pictures } of rows) {
    const names = depth === 1 ? ["grey"] : ["red", "green", "blue"];
    for (const { item, values } of pictures)
      values.forEach((value, i) => {
        const pixel = Math.floor(i / depth),
          place = [Math.floor(pixel / width), pixel % width];
        const number = amount ? valueOf(value, amount) : signed ? Math.max(-127, value - 128) : value;
        lines.push([label, item ?? "", ...place, amount ? amount.unit : names[i % depth], number]);
      });
  }
  return lines;
}
