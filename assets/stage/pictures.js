// Rows of small pictures under the views: fixed ones, ones that follow the slider, and the item pointed at in front.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { rgba } = await at("./theme.js");
const { Bar, amountOf, coloursOf } = await at("./amounts.js");
const { Lines, Shaded } = await at("./sentences.js");

// Signed rows: below and above zero, on a light and on a dark page; zero is the page itself.
const ENDS = { light: ["#8c510a", "#01665e"], dark: ["#dfa75a", "#5ab4ac"] };

export class Pictures {
  constructor(host, theatre) {
    this.theatre = theatre;
    this.root = node("div", { class: "stage-pictures", role: "region" }, host);
    this.menu = node("div", { class: "stage-menu" }, this.root);
    this.rows = [];
  }

  show(spec) {
    const shape = spec && JSON.stringify([spec.first, spec.items, spec.choosing, spec.look, spec.rows.map(shapeOf)]);
    this.spec = spec;
    this.last = undefined;
    if (spec) this.root.setAttribute("aria-label", spec.title);
    if (spec && shape === this.shape) return spec.rows.forEach((row, i) => this.rows[i].update(row, spec));
    this.shape = shape;
    this.root.hidden = !spec;
    this.root.dataset.look = spec?.look ?? "";
    this.root.replaceChildren(this.menu);
    this.rows = [];
    if (!spec) return;
    let group = this.root;
    for (const row of spec.rows) {
      if (row.heading) group = heading(this.root, row);
      this.rows.push(this.row(row, row.large ? besideOthers(group) : group));
    }
    this.menu.hidden = !this.rows.some((each) => each.values);
    const { width, height, count } = this.rows.find((each) => each.values) ?? { width: 1, height: 1, count: 1 };
    this.root.style.setProperty("--n", (count * width) / height);
  }

  row(row, host) {
    if (row.type === "lines") return new Lines(host, row, this.theatre);
    if (row.type === "shaded") return new Shaded(host, row, this.theatre, this.spec);
    const {
      moving,
      values: { shape },
    } = row;
    const [height, width, depth] = [...shape.slice(moving ? 2 : 1), 1],
      gap = Math.max(1, Math.round(width / 5)),
      count = row.places ? row.places.shape[1] : shape[moving ? 1 : 0];
    const root = node("figure", { class: row.large ? "large" : null }, host);
    const label = node("figcaption", {}, root),
      made = { type: "pictures", label, height, width, depth, gap, count, area: height * width * depth };
    if (this.spec.first) made.one = canvas(root, "first", width, height, `${row.label}, the item pointed at`);
    const strip = node("div", { class: "stage-strip" }, root);
    made.across = count * (width + gap) - gap;
    made.all = canvas(strip, "all", made.across, height, `${row.label}, ${count} ${count > 1 ? "items" : "map"}`);
    made.outline = node("i", { class: "stage-chosen", hidden: "", "aria-hidden": "true" }, strip);
    if (row.amount) made.bar = new Bar(row.large ? root : strip, this.spec.ramp);
    made.update = (given, spec) => {
      Object.assign(made, { row: given, values: given.values.values, moving: given.moving, signed: given.signed });
      Object.assign(made, { ramp: given.amount ? spec.ramp : null, image: null });
      label.replaceChildren(...captionOf(given));
    };
    made.update(row, this.spec);
    this.listen(made, strip);
    return made;
  }

  // What is pointed at in a row is said; a click chooses it.
  listen(each, strip) {
    const of = (event) => {
      const box = each.all.canvas.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * each.across),
        y = Math.floor(((event.clientY - box.top) / box.height) * each.height);
      const i = Math.floor(x / (each.width + each.gap)),
        column = x - i * (each.width + each.gap);
      const inside = i >= 0 && i < each.count && column < each.width && y >= 0 && y < each.height;
      return inside ? { i, column, y, item: this.itemAt(each, this.frame, i) } : null;
    };
    strip.addEventListener("pointermove", (event) => {
      const found = of(event),
        words = found && this.wordsOf(each, found);
      strip.classList.toggle("choosing", Boolean(this.spec.choosing && found?.item !== undefined));
      if (words) this.theatre.note.show(words, event.clientX, event.clientY);
      else this.theatre.note.hide();
    });
    strip.addEventListener("pointerleave", () => this.theatre.note.hide());
    strip.addEventListener("click", (event) => {
      const found = of(event);
      if (this.spec.choosing && found?.item !== undefined) this.theatre.pin(found.item);
    });
  }

  wordsOf(each, { i, column, y }) {
    const place = placeOf(each, this.frame, i),
      name = each.row.names?.[each.row.places ? place : i] ?? "";
    if (!each.row.amount) return name;
    const level = each.values[place * each.area + y * each.width + column];
    return `row ${y + 1}, column ${column + 1}: ${amountOf(level, each.row.amount)}`;
  }

  itemAt(each, frame, i) {
    const items = each.row.items ?? this.spec.items;
    return items[each.row.places ? placeOf(each, frame, i) : i];
  }

  // `part`: the pictures of the item pointed at, one record a row; `thumbnail`: its picture as it is, until they come.
  draw(frame, theme, item, part, thumbnail) {
    if (!this.spec) return;
    const place = this.spec.items.indexOf(item),
      key = `${item}|${Boolean(part)}|${theme.background}`;
    const again = key !== this.last;
    Object.assign(this, { last: key, frame });
    this.root.classList.toggle("pointed", item !== null);
    this.rows.forEach((each, k) => {
      if (each.type !== "pictures") return each.draw(frame, theme);
      const follows = each.moving || each.row.places?.shape[0] > 1;
      if (follows || again) each.all.putImageData((each.image = this.spread(each, frame, theme)), 0, 0);
      if (again) each.bar?.draw(each.row.amount, theme);
      if (this.spec.choosing && (follows || again)) this.outline(each, frame);
      if (each.one && (again || each.moving || part))
        this.first(each, k, frame, theme, place, part, k === 0 ? thumbnail : null);
    });
  }

  outline(each, frame) {
    const i = Array.from({ length: each.count }, (_, i) => this.itemAt(each, frame, i)).indexOf(this.spec.chosen);
    each.outline.hidden = i < 0 || this.spec.chosen === null;
    each.outline.style.left = `${(100 * i * (each.width + each.gap)) / each.across}%`;
    each.outline.style.width = `${(100 * each.width) / each.across}%`;
  }

  first(each, k, frame, theme, place, part, thumbnail) {
    const { one, width, height, area } = each;
    one.clearRect(0, 0, width, height);
    const image = new ImageData(width, height),
      record = part?.[k];
    if (record) {
      const moving = record.values.length > area;
      fill(image, 0, record.values, moving ? frame * area : 0, each, theme);
    } else if (place >= 0) fill(image, 0, each.values, placeOf(each, frame, place) * area, each, theme);
    else
      return void (
        thumbnail &&
        one.drawImage(thumbnail.sheet, thumbnail.x, thumbnail.y, thumbnail.width, thumbnail.height, 0, 0, width, height)
      );
    one.putImageData(image, 0, 0);
  }

  // The rows of pictures as they stand, [{label, signed, ramp, amount, width, height, depth, pictures: [{item, values,
  // front}]}]; the item pointed at is in front, where it has a place there and its pictures are here.
  standing(frame, item, part) {
    const { items, first } = this.spec;
    return this.rows.flatMap((each, k) => {
      if (each.type !== "pictures") return [];
      const { row, values, ramp, width, height, depth, area, count } = each,
        from = (place) => values.subarray(place * area, (place + 1) * area);
      const pictures = Array.from({ length: count }, (_, i) => {
        return { item: this.itemAt(each, frame, i), values: from(placeOf(each, frame, i)) };
      });
      const own = part?.[k].values,
        start = own?.length > area ? frame * area : 0;
      const found = own ? { item, values: own.subarray(start, start + area) } : pictures[items.indexOf(item)];
      if (first && found) pictures.unshift({ ...found, front: true });
      return [{ label: row.label, signed: row.signed, amount: row.amount, ramp, width, height, depth, pictures }];
    });
  }

  spread(each, frame, theme) {
    each.image ??= new ImageData(each.across, each.height);
    for (let i = 0; i < each.count; i++)
      fill(each.image, i * (each.width + each.gap), each.values, placeOf(each, frame, i) * each.area, each, theme);
    return each.image;
  }
}

// Which picture of a row's values stands at place `i`.
function placeOf({ row: { places }, moving, count }, frame, i) {
  if (places) return places.values[(places.shape[0] > 1 ? frame * count : 0) + i];
  return (moving ? frame * count : 0) + i;
}

// What a row is built by; rows that agree in it are updated in place.
const shapeOf = ({ type, signed, large, heading, words, amount, values, places, texts }) => [
  [type, signed, large, heading, heading && words, Boolean(amount), type === "lines" ? null : texts],
  [type === "pictures" ? values.shape.slice(places ? 1 : 0) : null, places?.shape[1]],
];

function heading(root, row) {
  const group = node("section", { class: "stage-group" }, root),
    head = node("header", {}, group);
  node("h3", {}, head, row.heading);
  if (row.words) node("p", {}, head, row.words);
  return group;
}

function besideOthers(group) {
  const last = group.lastElementChild;
  return last?.classList.contains("stage-large") ? last : node("div", { class: "stage-large" }, group);
}

function captionOf({ label, large, heading, words }) {
  if (!large) return [label];
  return [node("h3", {}, null, label), ...(words && !heading ? [node("p", {}, null, words)] : [])];
}

function canvas(parent, name, width, height, label) {
  const made = node(
    "canvas",
    {
      class: name,
      title: name === "first" ? "Point at an item to see it here" : null,
      width,
      height,
      role: "img",
      "aria-label": label,
      style: `aspect-ratio:${width}/${height}`,
    },
    parent,
  );
  return made.getContext("2d");
}

// Paints one picture, whose levels begin at `start`, into an image; of signed colours the mean of the channels; levels
// of amounts through their ramp.
export function fill(image, left, values, start, { width, height, depth, signed, ramp }, theme) {
  const { data } = image,
    across = image.width,
    colours = ramp ? coloursOf(ramp, theme) : null;
  const zero = signed ? rgba(theme.background) : null,
    [less, more] = ENDS[theme.dark ? "dark" : "light"].map(rgba);
  for (let y = 0, k = start; y < height; y++) {
    for (let x = 0, to = (y * across + left) * 4; x < width; x++, to += 4, k += depth) {
      if (signed) {
        const value = (mean(values, k, depth) - 128) / 127,
          side = value < 0 ? less : more,
          share = Math.min(1, Math.abs(value) * 1.25);
        for (let c = 0; c < 3; c++) data[to + c] = zero[c] + (side[c] - zero[c]) * share;
      } else if (colours) for (let c = 0; c < 3; c++) data[to + c] = colours[values[k]][c];
      else for (let c = 0; c < 3; c++) data[to + c] = values[depth === 1 ? k : k + c];
      data[to + 3] = 255;
    }
  }
}

function mean(values, from, count) {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += values[i];
  return sum / count;
}

// The sheet of thumbnails, and where an item's picture lies on it.
export class Thumbnails {
  constructor(spec) {
    this.spec = spec;
    this.places = new Map(Array.from(spec?.items.values ?? [], (item, place) => [item, place]));
    if (!spec) return;
    this.address = URL.createObjectURL(new Blob([spec.sheet.bytes], { type: "image/png" }));
    this.sheet = new Image();
    this.sheet.src = this.address;
  }

  of(item) {
    const place = this.places.get(item);
    if (place === undefined || !this.sheet?.complete) return null;
    const { across, width, height } = this.spec.sheet;
    return { sheet: this.sheet, x: (place % across) * width, y: Math.floor(place / across) * height, width, height };
  }

  close() {
    if (this.address) URL.revokeObjectURL(this.address);
  }
}
