// Colours: of the page from Streamlit's variables, of the figures through the palette {light hex: dark hex}.

export const PAPER = {
  dark: false,
  text: "#1b1f27",
  muted: "#5c6470",
  line: "#a9b0ba",
  grid: "#eceef1",
  background: "#ffffff",
  font: "Inter, system-ui, sans-serif",
};

export function readTheme(element) {
  const style = getComputedStyle(element),
    read = (name, other) => style.getPropertyValue(name).trim() || other;
  const text = read("--st-text-color", PAPER.text),
    background = read("--st-background-color", PAPER.background);
  const under = rgba(background),
    over = rgba(text);
  const mix = (share) => hex(over.map((value, i) => (i < 3 ? Math.round(under[i] + (value - under[i]) * share) : 1)));
  return {
    dark: 0.299 * under[0] + 0.587 * under[1] + 0.114 * under[2] < 128,
    text: hex(over),
    muted: mix(0.66),
    line: mix(0.36),
    rail: mix(0.2),
    grid: mix(0.085),
    background: hex(under),
    primary: read("--st-primary-color", text),
    font: read("--st-font", PAPER.font),
  };
}

const known = new Map();

// [r, g, b, a] of a CSS colour; #rgb, #rrggbb, #rrggbbaa and rgb(…) by hand, names through a canvas.
export function rgba(colour) {
  if (!known.has(colour)) known.set(colour, parse(String(colour).trim()));
  return known.get(colour);
}

function parse(colour) {
  if (/^#[0-9a-f]{3}$/i.test(colour)) return [1, 2, 3].map((i) => parseInt(colour[i] + colour[i], 16)).concat(1);
  if (/^#([0-9a-f]{6}|[0-9a-f]{8})$/i.test(colour)) {
    const alpha = colour.length === 9 ? parseInt(colour.slice(7), 16) / 255 : 1;
    return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)).concat(alpha);
  }
  const numbers = /^rgba?\(([^)]*)\)/i.exec(colour);
  if (numbers) {
    const parts = numbers[1]
      .split(/[\s,/]+/)
      .filter(Boolean)
      .map(Number);
    return [...parts.slice(0, 3), parts[3] ?? 1];
  }
  const brush = document.createElement("canvas").getContext("2d");
  brush.fillStyle = colour;
  return brush.fillStyle.startsWith("#") && brush.fillStyle !== colour ? parse(brush.fillStyle) : [128, 128, 128, 1];
}

export const hex = ([r, g, b]) =>
  "#" + [r, g, b].map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");

// A function light colour → colour on this theme; transparency is kept.
export function painter(palette, dark) {
  const seen = new Map();
  return (colour) => {
    if (!dark || typeof colour !== "string") return colour;
    if (!seen.has(colour)) seen.set(colour, mapped(colour, palette));
    return seen.get(colour);
  };
}

function mapped(colour, palette) {
  const [r, g, b, a] = rgba(colour),
    other = palette[hex([r, g, b])];
  if (!other) return colour;
  return a === 1 ? other : `rgba(${rgba(other).slice(0, 3).join(",")},${a})`;
}

const COLOUR = /^(#[0-9a-f]{3,8}|rgba?\()/i;

// A copy of a figure's JSON with every colour painted (plotly writes into what it is given); typed arrays are shared.
export function repaint(node, paint) {
  if (typeof node === "string") {
    if (COLOUR.test(node)) return paint(node);
    return node.includes("color:") ? node.replace(/#[0-9a-f]{6}\b/gi, paint) : node;
  }
  if (Array.isArray(node)) return node.map((each) => repaint(each, paint));
  if (node === null || typeof node !== "object" || ArrayBuffer.isView(node)) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, repaint(value, paint)]));
}

// The layout for plotly: the figure's own, painted, with the page's font, axis and background colours.
export function dressed(layout, theme, paint, size) {
  const own = repaint(layout, paint);
  const out = {
    ...own,
    width: size.width,
    height: size.height,
    autosize: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    uirevision: "kept",
    hovermode: own.hovermode ?? "closest",
    font: { size: 12, ...own.font, family: theme.font, color: theme.text },
    hoverlabel: {
      bordercolor: theme.line,
      ...own.hoverlabel,
      bgcolor: theme.background,
      font: { size: 12, color: theme.text, family: theme.font },
    },
  };
  for (const key of Object.keys(own)) if (/^[xy]axis\d*$/.test(key)) out[key] = axis(own[key], theme);
  for (const key of ["xaxis", "yaxis"]) out[key] ??= axis({}, theme);
  if (own.legend)
    out.legend = { ...own.legend, font: { ...own.legend.font, color: theme.muted }, bgcolor: "rgba(0,0,0,0)" };
  return out;
}

const POWERS = Array.from({ length: 31 }, (_, i) => i - 15);

// 1, 10 and 10ⁿ: plotly's own would be larger than the other labels.
export function powerOfTen(power) {
  if (power === 0 || power === 1) return power ? "10" : "1";
  return "10" + String(power).replace(/[-0-9]/g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
}

function axis(own, theme) {
  const title = typeof own.title === "string" ? { text: own.title } : own.title;
  const decades =
    own.type === "log" && !own.dtick
      ? { tickvals: POWERS.map((power) => 10 ** power), ticktext: POWERS.map(powerOfTen) }
      : {};
  return {
    ...decades,
    zeroline: false,
    showline: false,
    ticks: "",
    ...own,
    gridcolor: theme.grid,
    linecolor: theme.line,
    tickcolor: theme.line,
    zerolinecolor: theme.line,
    tickfont: { size: 11, ...own.tickfont, color: theme.muted },
    ...(title ? { title: { ...title, font: { size: 12, ...title.font, color: theme.muted } } } : {}),
  };
}
