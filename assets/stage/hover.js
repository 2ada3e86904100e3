// Pointing at things: the nearest item or frame mark, the note beside it, clicks that pin.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { pick } = await at("./marks.js");

const REACH = 14; // px

export class Note {
  constructor(root) {
    this.root = root;
    this.box = node("div", { class: "stage-note", role: "tooltip", hidden: "" }, root);
    this.picture = node("canvas", { "aria-hidden": "true" }, this.box);
    this.words = node("div", {}, this.box);
  }

  // Beside the point (x, y) of the window, inside the stage.
  show(text, x, y, thumbnail = null) {
    this.words.replaceChildren(...lines(text).map((line) => node("div", {}, null, line)));
    this.picture.hidden = !thumbnail;
    if (thumbnail) {
      this.picture.width = thumbnail.width;
      this.picture.height = thumbnail.height;
      this.picture
        .getContext("2d")
        .drawImage(
          thumbnail.sheet,
          thumbnail.x,
          thumbnail.y,
          thumbnail.width,
          thumbnail.height,
          0,
          0,
          thumbnail.width,
          thumbnail.height,
        );
    }
    this.box.hidden = !text && !thumbnail;
    const stage = this.root.getBoundingClientRect(),
      { offsetWidth: wide, offsetHeight: tall } = this.box;
    const left = x - stage.left + 16 + wide > stage.width ? x - stage.left - wide - 14 : x - stage.left + 16;
    const top = Math.min(Math.max(0, y - stage.top - tall - 10), stage.height - tall);
    this.box.style.transform = `translate(${Math.max(0, Math.round(left))}px,${Math.round(top)}px)`;
  }

  hide() {
    this.box.hidden = true;
  }
}

const lines = (text) =>
  String(text ?? "")
    .split(/<br\s*\/?>|\n/)
    .map((line) => line.replace(/<[^>]*>/g, ""))
    .filter(Boolean);

// Listens on a view; `theatre` is told of items and of frames to preview.
export function listen(view, theatre) {
  const { plot } = view;
  let pressed = null;
  const point = (event) => {
    const box = plot.getBoundingClientRect();
    return view.place && view.spec.hover
      ? view.nearest(event.clientX - box.left, event.clientY - box.top, REACH)
      : null;
  };
  const move = (event) => {
    if (event.buttons && event.pointerType === "mouse") return leave();
    const found = point(event);
    plot.classList.toggle("near", Boolean(found));
    if (!found) return leave();
    if (view.spec.hover === "frames") return theatre.preview(found.id, words(found), event);
    if (view.spec.hover === "picks") return theatre.note.show(words(found), event.clientX, event.clientY);
    theatre.point(found.id, words(found), event);
  };
  const leave = (event) => {
    if (event?.type === "pointerleave" && event.pointerType === "touch") return; // a tap stays until the next
    plot.classList.remove("near");
    theatre.unpoint();
  };
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerleave", leave);
  const up = (event) => {
    if (view.hands.dragged || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    const found = point(event);
    if (event.pointerType !== "mouse") move(event);
    if (view.spec.hover === "items") theatre.pin(found ? found.id : null);
    else if (found && view.spec.hover === "picks") theatre.pick(found.id);
    else if (found) theatre.choose(found.id);
  };
  plot.addEventListener(
    "pointerdown",
    (event) => {
      pressed = [event.clientX, event.clientY];
      addEventListener("pointerup", up, { once: true, capture: true }); // plotly lays a cover over the page while pressed
    },
    true,
  );
}

const words = ({ mark, i }) =>
  pick(mark.trace.hovertext, i, mark.trace.mode?.includes("text") ? "" : pick(mark.text, i, ""));
