// Amounts as colours: the ramp from nothing, which is the page itself, to the most; and the bar that says so.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { node } = await at("./document.js");
const { rgba } = await at("./theme.js");

const tables = new Map();

// 256 colours [r, g, b] of a ramp {light, dark} on a theme; level 0 is the page.
export function coloursOf(ramp, theme) {
  const stops = [theme.background, ...ramp[theme.dark ? "dark" : "light"]],
    key = stops.join();
  if (!tables.has(key)) {
    const ends = stops.map(rgba);
    const colours = Array.from({ length: 256 }, (_, level) => {
      const place = (level / 255) * (ends.length - 1),
        k = Math.min(ends.length - 2, Math.floor(place));
      return [0, 1, 2].map((c) => Math.round(ends[k][c] + (ends[k + 1][c] - ends[k][c]) * (place - k)));
    });
    tables.set(key, colours);
  }
  return tables.get(key);
}

export const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

// The number that a level stands for.
export const valueOf = (level, { top, root }) => (level / 255) ** root * top;

// The same with its unit; level 255 is that much or more.
export function amountOf(level, amount) {
  const value = valueOf(level, amount);
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 || value === 0 || amount.top > 1 ? 2 : 4;
  return `${level === 255 && amount.root > 1 ? "at least " : ""}${value.toFixed(digits)} ${amount.unit}`.trim();
}

// A bar of the ramp with its ticks; `draw` gives it the colours of a theme.
export class Bar {
  constructor(host, ramp) {
    this.ramp = ramp;
    this.root = node("div", { class: "stage-bar" }, host);
    this.line = node("i", { "aria-hidden": "true" }, this.root);
  }

  draw({ ticks }, theme) {
    const colours = coloursOf(this.ramp, theme);
    const stops = Array.from({ length: 9 }, (_, i) => css(colours[Math.min(255, 32 * i)]));
    this.line.style.background = `linear-gradient(to right, ${stops.join()})`;
    const names = ticks.map(([share, name]) => {
      const side = share <= 0.02 ? "left:0" : share >= 0.98 ? "right:0" : `left:${100 * share}%;translate:-50% 0`;
      return node("span", { style: side }, null, name);
    });
    this.root.replaceChildren(this.line, ...names);
  }
}
