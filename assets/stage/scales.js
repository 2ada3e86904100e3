// Where a number lies in a figure: the same geometry as plotly's for fixed ranges and margins.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { powerOfTen } = await at("./theme.js");

const MARGIN = { l: 80, r: 80, t: 100, b: 80 };

// Scales of one figure, by axis id ("x", "y2"), from its own layout (before plotly is there).
export function scalesOf(layout, data, size) {
  const margin = { ...MARGIN, ...layout.margin };
  const plot = {
    x: margin.l,
    y: margin.t,
    width: size.width - margin.l - margin.r,
    height: size.height - margin.t - margin.b,
  };
  const scales = {};
  for (const key of Object.keys(layout).filter((each) => /^[xy]axis\d*$/.test(each))) {
    const axis = layout[key],
      [from, to] = axis.domain ?? [0, 1],
      across = key[0] === "x";
    const length = (across ? plot.width : plot.height) * (to - from);
    const offset = across ? plot.x + plot.width * from : plot.y + plot.height * (1 - to);
    const own = data.filter((trace) => (trace[`${key[0]}axis`] ?? key[0]) === key[0] + key.slice(5));
    const type = axis.type ?? (own.some((trace) => worded(trace[key[0]])) ? "category" : "linear");
    scales[key[0] + key.slice(5)] = scale(key[0], { ...axis, type }, axis.range ?? [0, 1], offset, length, own);
  }
  return { scales, plot };
}

// The same from a drawn plotly figure, so that zoom and pan are followed.
export function scalesFrom(full, layout, data) {
  const scales = {};
  for (const key of Object.keys(full).filter((each) => /^[xy]axis\d*$/.test(each))) {
    const axis = full[key];
    scales[key[0] + key.slice(5)] = scale(
      key[0],
      { ...layout[key], type: axis.type },
      axis.range,
      axis._offset,
      axis._length,
      data,
    );
  }
  const { l, t, w, h } = full._size;
  return { scales, plot: { x: l, y: t, width: w, height: h } };
}

const worded = (values) =>
  Array.isArray(values) && values.some((value) => typeof value === "string" && Number.isNaN(Number(value)));

function scale(letter, axis, range, offset, length, data) {
  const [low, high] = range.map(Number),
    span = high - low || 1;
  const places = axis.type === "category" ? categories(axis, data, letter) : null;
  if (places && !axis.tickvals) axis = { ...axis, tickvals: [...places.keys()], ticktext: [...places.keys()] };
  const number =
    axis.type === "log"
      ? (value) => Math.log10(value)
      : places
        ? (value) => places.get(String(value)) ?? Number(value)
        : Number;
  const unit = length / span,
    toward = letter === "x" ? unit : -unit;
  const base = letter === "x" ? offset - low * unit : offset + length + low * unit;
  return {
    axis,
    letter,
    offset,
    length,
    low,
    high,
    plain: !places && axis.type !== "log",
    toward,
    base,
    at: (value) => base + toward * number(value), // px from the left or top edge of the figure
    unit: Math.abs(unit),
    number,
  };
}

function categories(axis, data, letter) {
  const names = [...(axis.categoryarray ?? [])];
  for (const trace of data) for (const value of trace[letter] ?? []) if (!names.includes(value)) names.push(value);
  return new Map(names.map((name, i) => [String(name), i]));
}

// Tick values and labels as plotly would place them: [{at, text}], px.
export function ticks(scale) {
  const { axis } = scale;
  if (axis.showticklabels === false && !axis.showgrid) return [];
  const values = axis.tickvals ? Array.from(axis.tickvals) : axis.type === "log" ? decades(scale) : steps(scale);
  const inside = (value) => (scale.number(value) - scale.low) * (scale.number(value) - scale.high) <= 1e-9;
  return values
    .map((value, i) => ({ at: scale.at(value), text: label(axis, value, i, values) }))
    .filter((_, i) => inside(values[i]));
}

function steps(scale) {
  const { axis, low, high, length, letter } = scale;
  const count = axis.nticks > 0 ? axis.nticks : Math.min(9, Math.max(4, length / (letter === "y" ? 40 : 80))) + 1;
  const rough = Math.abs(high - low) / count,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = axis.dtick ? Number(axis.dtick) : power * ([2, 5, 10].find((each) => each >= rough / power) ?? 10);
  const zero = axis.dtick ? Number(axis.tick0 ?? 0) : 0,
    out = [];
  const [from, to] = [Math.min(low, high), Math.max(low, high)];
  for (let i = Math.ceil((from - zero) / step - 1e-6); zero + i * step <= to + step * 1e-6; i++)
    out.push(zero + i * step);
  return out;
}

function decades(scale) {
  const out = [],
    [from, to] = [Math.min(scale.low, scale.high), Math.max(scale.low, scale.high)];
  for (let power = Math.ceil(from - 1e-9); power <= to + 1e-9; power++) out.push(10 ** power);
  return out;
}

function label(axis, value, i, values) {
  if (axis.showticklabels === false) return "";
  if (axis.ticktext && axis.tickvals) return String(axis.ticktext[i] ?? "");
  if (axis.type === "log") return powerOfTen(Math.round(Math.log10(value)));
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : 1;
  return (
    (axis.tickprefix ?? "") + plain(value, Math.max(0, Math.ceil(-Math.log10(step) - 1e-6))) + (axis.ticksuffix ?? "")
  );
}

const plain = (value, digits) => String(Number(value.toFixed(digits))).replace("-", "−");
