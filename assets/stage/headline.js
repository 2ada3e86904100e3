// The numbers under the views: value, caption, and on hover or focus how it was measured.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");

export class Headline {
  constructor(host, note) {
    this.root = node("dl", { class: "stage-headline" }, host);
    this.note = note;
    this.cells = [];
  }

  show(record) {
    this.root.hidden = !record;
    const count = record ? record.shape.at(-2) : 0;
    this.root.dataset.count = count;
    if (count === this.cells.length) return;
    this.root.replaceChildren();
    this.cells = Array.from({ length: count }, () => this.cell());
  }

  cell() {
    const root = node("div", { tabindex: "0" }, this.root),
      value = node("dd", {}, root),
      caption = node("dt", {}, root);
    const cell = { root, value, caption, tip: "" };
    const show = () => {
      const box = root.getBoundingClientRect();
      if (cell.tip) this.note.show(cell.tip, box.left, box.top);
    };
    for (const event of ["pointerenter", "focus"]) root.addEventListener(event, show);
    for (const event of ["pointerleave", "blur"]) root.addEventListener(event, () => this.note.hide());
    return cell;
  }

  // `strings`: value, caption, tip of every cell in a row.
  draw(strings) {
    this.cells.forEach((cell, i) => {
      const [value, caption, tip] = strings.slice(3 * i, 3 * i + 3);
      if (cell.value.textContent !== value) cell.value.textContent = value;
      if (cell.caption.textContent !== caption) cell.caption.textContent = caption;
      if (cell.tip === tip) return;
      cell.tip = tip;
      cell.root.setAttribute("aria-description", tip);
    });
  }
}
