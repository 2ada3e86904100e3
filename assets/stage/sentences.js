// Rows of text that follow the slider: lines that take each other's place, and sentences whose words are shaded.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { Bar, amountOf, coloursOf, css } = await at("./amounts.js");

// A list: which of the texts stand in it, the first on top.
export class Lines {
  constructor(host, row, theatre) {
    this.root = node("figure", { class: "stage-lines" }, host);
    this.label = node("figcaption", {}, this.root, row.label);
    this.list = node("ol", {}, this.root);
    this.lines = Array.from({ length: row.places.shape[1] }, (_, i) => {
      const line = node("li", {}, this.list);
      if (row.items.length) line.addEventListener("click", () => theatre.pin(this.row.items[this.places[i]]));
      return line;
    });
    this.list.classList.toggle("choosing", row.items.length > 0);
    this.update(row);
  }

  update(row) {
    this.row = row;
    this.label.textContent = row.label;
  }

  draw(frame) {
    const { values, shape } = this.row.places,
      from = shape[0] > 1 ? frame * shape[1] : 0;
    this.places = values.subarray(from, from + shape[1]);
    this.lines.forEach((line, i) => {
      const text = this.row.texts[this.places[i]];
      if (line.textContent !== text) line.textContent = text;
    });
  }
}

// Sentences; a word is as dark as its amount, which is said where it is pointed at.
export class Shaded {
  constructor(host, row, theatre, spec) {
    this.theatre = theatre;
    this.spec = spec;
    this.root = node("figure", { class: "stage-shaded" }, host);
    this.label = node("figcaption", {}, this.root, row.label);
    const body = node("div", {}, this.root);
    this.sentences = row.texts.map((words, s) => this.sentence(body, words, s));
    this.bar = new Bar(body, spec.ramp);
    this.update(row);
  }

  sentence(body, words, s) {
    const line = node("p", {}, body);
    line.addEventListener("click", () => this.spec.choosing && this.theatre.pin((this.row.items ?? this.spec.items)[s]));
    const spans = words.map((word, w) => {
      const span = node("span", {}, line, word);
      line.append(" "); // where a line may break
      span.addEventListener("pointermove", ({ clientX, clientY }) =>
        this.theatre.note.show(`${word}: ${amountOf(this.level(s, w), this.row.amount)}`, clientX, clientY),
      );
      span.addEventListener("pointerleave", () => this.theatre.note.hide());
      return span;
    });
    return { line, spans };
  }

  update(row, spec = this.spec) {
    Object.assign(this, { row, spec });
    this.label.textContent = row.label;
  }

  level(s, w) {
    const [, sentences, words] = this.row.values.shape;
    return this.row.values.values[(this.frame * sentences + s) * words + w];
  }

  draw(frame, theme) {
    this.frame = frame;
    const colours = coloursOf(this.spec.ramp, theme);
    this.sentences.forEach(({ line, spans }, s) => {
      line.classList.toggle("chosen", this.spec.choosing && (this.row.items ?? this.spec.items)[s] === this.spec.chosen);
      spans.forEach((span, w) => {
        const colour = colours[this.level(s, w)];
        span.style.background = css(colour);
        span.style.color = legible(colour) ? "#ffffff" : "#14181f";
      });
    });
    this.bar.draw(this.row.amount, theme);
  }
}

// Whether white reads better on a colour than near-black does.
const legible = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b < 125;
