// Rows of small pictures under the views: fixed ones, ones that follow the slider, and the item pointed at in front.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { rgba } = await at("./theme.js");

// Signed rows: below and above zero, on a light and on a dark page; zero is the page itself.
const ENDS = { light: ["#8c510a", "#01665e"], dark: ["#dfa75a", "#5ab4ac"] };

export class Pictures {
  constructor(host) {
    this.root = node("div", { class: "stage-pictures", role: "region" }, host);
    this.menu = node("div", { class: "stage-menu" }, this.root);
    this.rows = [];
  }

  show(spec) {
    const shape =
      spec &&
      JSON.stringify([spec.first, spec.items, spec.rows.map((row) => [row.label, row.signed, row.values.shape])]);
    this.spec = spec;
    this.last = undefined;
    if (spec) this.root.setAttribute("aria-label", spec.title);
    if (spec && shape === this.shape)
      return spec.rows.forEach((row, i) => Object.assign(this.rows[i], { row, values: row.values.values }));
    this.shape = shape;
    this.root.hidden = !spec;
    this.root.replaceChildren(this.menu);
    this.root.style.setProperty(
      "--n",
      spec
        ? (spec.items.length * spec.rows[0].values.shape.at(spec.rows[0].moving ? 3 : 2)) /
            spec.rows[0].values.shape.at(spec.rows[0].moving ? 2 : 1)
        : 1,
    );
    this.rows = (spec?.rows ?? []).map((row) => this.row(row));
  }

  row(row) {
    const {
        moving,
        values: { values, shape },
      } = row,
      count = this.spec.items.length;
    const [height, width, depth] = [...shape.slice(moving ? 2 : 1), 1],
      gap = Math.max(1, Math.round(width / 5));
    const root = node("figure", {}, this.root);
    node("figcaption", {}, root, row.label);
    const one = this.spec.first ? canvas(root, "first", width, height, `${row.label}, the item pointed at`) : null;
    const all = canvas(root, "all", count * (width + gap) - gap, height, `${row.label}, ${count} items`);
    const size = { height, width, depth, gap, area: height * width * depth };
    return { row, signed: row.signed, values, moving, one, all, ...size };
  }

  // `part`: the pictures of the item pointed at, one record a row; `thumbnail`: its picture as it is, until they come.
  draw(frame, theme, item, part, thumbnail) {
    if (!this.spec) return;
    const place = this.spec.items.indexOf(item),
      key = `${item}|${Boolean(part)}|${theme.background}`;
    const again = key !== this.last;
    this.last = key;
    this.root.classList.toggle("pointed", item !== null);
    this.rows.forEach((each, k) => {
      if (each.moving || again) {
        const start = each.moving ? frame * this.spec.items.length : 0;
        each.all.putImageData((each.image = this.spread(each, start, theme)), 0, 0);
      }
      if (each.one && (again || each.moving || part))
        this.first(each, k, frame, theme, place, part, k === 0 ? thumbnail : null);
    });
  }

  first(each, k, frame, theme, place, part, thumbnail) {
    const { one, width, height, area } = each;
    one.clearRect(0, 0, width, height);
    const image = new ImageData(width, height),
      record = part?.[k];
    if (record) {
      const moving = record.values.length > area;
      fill(image, 0, record.values, moving ? frame * area : 0, each, theme);
    } else if (place >= 0)
      fill(image, 0, each.values, ((each.moving ? frame * this.spec.items.length : 0) + place) * area, each, theme);
    else
      return void (
        thumbnail &&
        one.drawImage(thumbnail.sheet, thumbnail.x, thumbnail.y, thumbnail.width, thumbnail.height, 0, 0, width, height)
      );
    one.putImageData(image, 0, 0);
  }

  // The rows as they stand, [{label, signed, width, height, depth, pictures: [{item, values, front}]}]; the item
  // pointed at is in front, where it has a place there and its pictures are here.
  standing(frame, item, part) {
    const { items, first } = this.spec;
    return this.rows.map(({ row, values, moving, width, height, depth, area }, k) => {
      const start = moving ? frame * items.length : 0,
        of = (i) => values.subarray((start + i) * area, (start + i + 1) * area);
      const pictures = items.map((each, i) => ({ item: each, values: of(i) }));
      const own = part?.[k].values,
        from = own?.length > area ? frame * area : 0;
      const found = own ? { item, values: own.subarray(from, from + area) } : pictures[items.indexOf(item)];
      if (first && found) pictures.unshift({ ...found, front: true });
      return { label: row.label, signed: row.signed, width, height, depth, pictures };
    });
  }

  spread(each, start, theme) {
    const count = this.spec.items.length;
    each.image ??= new ImageData(count * (each.width + each.gap) - each.gap, each.height);
    for (let i = 0; i < count; i++)
      fill(each.image, i * (each.width + each.gap), each.values, (start + i) * each.area, each, theme);
    return each.image;
  }
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

// Paints one picture, whose levels begin at `start`, into an image; of signed colours the mean of the channels.
export function fill(image, left, values, start, { width, height, depth, signed }, theme) {
  const { data } = image,
    across = image.width;
  const zero = signed ? rgba(theme.background) : null,
    [less, more] = ENDS[theme.dark ? "dark" : "light"].map(rgba);
  for (let y = 0, k = start; y < height; y++) {
    for (let x = 0, to = (y * across + left) * 4; x < width; x++, to += 4, k += depth) {
      if (signed) {
        const value = (mean(values, k, depth) - 128) / 127,
          side = value < 0 ? less : more,
          share = Math.min(1, Math.abs(value) * 1.25);
        for (let c = 0; c < 3; c++) data[to + c] = zero[c] + (side[c] - zero[c]) * share;
      } else for (let c = 0; c < 3; c++) data[to + c] = values[depth === 1 ? k : k + c];
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
