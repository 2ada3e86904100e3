// Many marks, as pixels. Every different glyph is drawn once, then copied: cost is in the points, not in the shapes.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { axesOf, dashOf, fontOf, has, markerOf, pick, symbolPath } = await at("./marks.js");
const { placed, pathOf } = await at("./svg.js");

const stamps = new Map();
let sprites = new WeakMap(); // trace → sprite of every point, as long as neither its looks nor its words move

// To be called when a font has arrived: what was drawn before it is drawn again.
export function forget() {
  stamps.clear();
  sprites = new WeakMap();
}

const PALE = 0.12; // opacity of items that are not chosen while others are

// Draws one scatter trace; `ratio`: device pixels a CSS pixel. Only the subplot's rectangle is touched. `chosen`: numbers
// of items, the others of which are pale; null where none are.
export function drawTrace(brush, mark, scales, theme, ratio, chosen = null) {
  const { trace } = mark,
    [sx, sy] = axesOf(trace, scales);
  brush.save();
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (trace.cliponaxis !== false) {
    brush.beginPath();
    brush.rect(sx.offset, sy.offset, sx.length, sy.length);
    brush.clip();
  }
  if (has(trace, "lines")) line(brush, mark, sx, sy);
  if (mark.low && mark.high) intervals(brush, mark, sx, sy);
  brush.setTransform(1, 0, 0, 1, 0, 0);
  const numbers = chosen && trace.customdata;
  for (const role of ["markers", "text"]) {
    if (!has(trace, role) || (role === "text" && !mark.text)) continue;
    const images = spritesOf(mark, theme, ratio, role);
    brush.globalAlpha = numbers ? PALE : 1;
    stamp(brush, mark, sx, sy, ratio, images, numbers && ((i) => !chosen.has(numbers[i])));
    brush.globalAlpha = 1;
    if (numbers) stamp(brush, mark, sx, sy, ratio, images, (i) => chosen.has(numbers[i]));
  }
  brush.restore();
}

function stamp(brush, mark, sx, sy, ratio, images, which) {
  const { x, y } = mark,
    fast = sx.plain && sy.plain;
  for (let i = 0; i < mark.count; i++) {
    if (which && !which(i)) continue;
    const px = fast ? sx.base + sx.toward * x[i] : sx.at(x[i]),
      py = fast ? sy.base + sy.toward * y[i] : sy.at(y[i]);
    const sprite = images[i];
    if (sprite && px > -50 && px < 5000 && py > -50 && py < 5000) {
      brush.drawImage(sprite.image, Math.round(px * ratio - sprite.x), Math.round(py * ratio - sprite.y));
    }
  }
}

// A small picture {image, x, y} of every point: of its marker, or of its text.
export function spritesOf(mark, theme, ratio, role = has(mark.trace, "markers") ? "markers" : "text") {
  const { trace } = mark,
    still = role !== "text" || mark.text === trace.text,
    key = `${role}${ratio}${mark.count}`;
  const kept = still && sprites.get(trace);
  if (kept?.[key]) return kept[key];
  const look = (i) => (role === "text" ? glyph(trace, pick(mark.text, i, ""), i, theme, ratio) : dot(markerOf(trace, i), ratio));
  const images = Array.from({ length: mark.count }, (_, i) => look(i));
  if (still) sprites.set(trace, { ...kept, [key]: images });
  return images;
}

function dot(look, ratio) {
  const key = `${look.symbol}|${look.radius}|${look.fill}|${look.stroke}|${look.width}|${look.opacity}|${ratio}`;
  return kept(key, () => {
    const half = Math.ceil((look.radius * 1.4 + look.width + 1) * ratio),
      [image, brush] = sheet(2 * half, 2 * half);
    brush.setTransform(ratio, 0, 0, ratio, half, half);
    brush.globalAlpha = look.opacity;
    const path = new Path2D(symbolPath(look.symbol, look.radius));
    if (look.fill !== "none") {
      brush.fillStyle = look.fill;
      brush.fill(path);
    }
    if (look.stroke !== "none" && look.width) {
      brush.strokeStyle = look.stroke;
      brush.lineWidth = look.width;
      brush.stroke(path);
    }
    return { image, x: half, y: half };
  });
}

function glyph(trace, text, i, theme, ratio) {
  if (text === "" || text === null) return null;
  const font = fontOf(trace, i, theme),
    position = pick(trace.textposition, i, "middle center"),
    opacity = trace.opacity ?? 1;
  return kept(
    `t|${text}|${font.size}|${font.colour}|${font.weight}|${position}|${opacity}|${theme.font}|${ratio}`,
    () => {
      const face = `${font.weight} ${font.size * ratio}px ${theme.font}`,
        [, ruler] = sheet(1, 1);
      ruler.font = face;
      const wide = Math.ceil(ruler.measureText(text).width) + 2,
        tall = Math.ceil(font.size * ratio * 1.5);
      const [image, brush] = sheet(wide, tall),
        { anchor, dx, dy } = placed(position, font.size, 0);
      Object.assign(brush, { font: face, fillStyle: font.colour, globalAlpha: opacity, textBaseline: "alphabetic" });
      const baseline = Math.round(tall * 0.72);
      brush.fillText(text, 1, baseline);
      const x = anchor === "middle" ? wide / 2 : anchor === "end" ? wide : 0;
      return { image, x: x - dx * ratio, y: baseline - dy * ratio };
    },
  );
}

function kept(key, make) {
  if (!stamps.has(key)) {
    if (stamps.size > 4000) stamps.clear();
    stamps.set(key, make());
  }
  return stamps.get(key);
}

function sheet(width, height) {
  const image = document.createElement("canvas");
  image.width = width;
  image.height = height;
  return [image, image.getContext("2d")];
}

function line(brush, mark, sx, sy) {
  const { trace } = mark,
    xs = Array.from(mark.x, sx.at),
    ys = Array.from(mark.y, sy.at);
  const path = new Path2D(pathOf(xs, ys));
  brush.globalAlpha = trace.opacity ?? 1;
  if (trace.fill === "toself") {
    brush.fillStyle = trace.fillcolor ?? trace.line?.color;
    brush.fill(path);
  }
  brush.strokeStyle = trace.line?.color ?? trace.marker?.color;
  brush.lineWidth = trace.line?.width ?? 2;
  brush.setLineDash(dashOf(trace.line).split(",").filter(Boolean).map(Number));
  if (brush.lineWidth && trace.line?.width !== 0) brush.stroke(path);
  brush.setLineDash([]);
  brush.globalAlpha = 1;
}

function intervals(brush, mark, sx, sy) {
  const flat = mark.ends === "x",
    style = mark.trace[flat ? "error_x" : "error_y"] ?? {};
  brush.beginPath();
  for (let i = 0; i < mark.count; i++) {
    const x = sx.at(mark.x[i]),
      y = sy.at(mark.y[i]);
    brush.moveTo(flat ? sx.at(mark.low[i]) : x, flat ? y : sy.at(mark.low[i]));
    brush.lineTo(flat ? sx.at(mark.high[i]) : x, flat ? y : sy.at(mark.high[i]));
  }
  brush.strokeStyle = style.color ?? mark.trace.marker?.color;
  brush.lineWidth = style.thickness ?? 2;
  brush.stroke();
}
