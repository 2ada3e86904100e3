// The block of bytes that Python packs (distill/ui/envelope.py), as plain objects with typed arrays.

const PREFIX = 16;
const NOTHING = -32768,
  LEVELS = 65534;

function prefix(view) {
  const key = view.getUint32(12, true);
  return {
    length: view.getUint32(0, true),
    index: view.getUint16(4, true),
    step: view.getUint16(6, true),
    serial: view.getUint32(8, true),
    key,
    start: PREFIX + Math.ceil(key / 4) * 4,
  };
}

// {key, index, step, serial, header}: every record in the header is replaced by what it stands for.
export function decode(bytes) {
  const buffer = bytes.slice().buffer,
    text = new TextDecoder(); // a copy begins at an aligned address
  const { length, start, key, ...where } = prefix(new DataView(buffer));
  const header = JSON.parse(text.decode(new Uint8Array(buffer, start, length)));
  const name = text.decode(new Uint8Array(buffer, PREFIX, key));
  return { key: name, ...where, header: revive(header, { buffer, start: start + length }) };
}

// What distinguishes a block from another, without decoding it: the header's seal stands at its end.
export function seal(bytes) {
  const { length, start, serial } = prefix(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const tail = new TextDecoder().decode(bytes.subarray(start + Math.max(0, length - 64), start + length));
  return (/"version":"([0-9a-f]+)"/.exec(tail) || [])[1] + ":" + serial;
}

function revive(node, body) {
  if (Array.isArray(node)) return node.map((each) => revive(each, body));
  if (node === null || typeof node !== "object") return node;
  if (node.$ !== undefined) return array(node.$, body).values;
  if (node.kind === "png") return { ...node, bytes: new Uint8Array(body.buffer, body.start + node.at, node.bytes) };
  if (node.table !== undefined) return strings(node, body);
  if (node.kind !== undefined && node.at !== undefined) return array(node, body);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, revive(value, body)]));
}

const KINDS = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, float32: Float32Array };

// {values, shape, digits}: numbers that came as levels are numbers again; digits: decimals that the levels carry.
function array(record, body) {
  const Kind = KINDS[record.kind];
  const raw = new Kind(body.buffer, body.start + record.at, record.bytes / Kind.BYTES_PER_ELEMENT);
  if (record.low === undefined) return { values: raw, shape: record.shape, digits: null };
  const values = new Float32Array(raw.length),
    unit = (record.high - record.low) / LEVELS,
    middle = record.low + (unit * LEVELS) / 2;
  for (let i = 0; i < raw.length; i++) {
    const value = middle + unit * raw[i];
    values[i] = raw[i] === NOTHING ? NaN : record.log ? 10 ** value : value;
  }
  return { values, shape: record.shape, digits: record.log ? null : Math.max(0, Math.ceil(-Math.log10(unit || 1))) };
}

function strings(record, body) {
  const places = array(record.places, body).values;
  return { values: { at: (i) => record.table[places[i]] }, shape: record.shape, strings: true };
}

// The (n, …) slice of a moving record at `frame` and `step`, or undefined where that step is not here.
export function slice(record, frame, step) {
  if (record.steps) return record.steps[step] && slice(record.steps[step], frame, 0);
  const { values, shape } = record,
    deep = record.rank ?? shape.length;
  const inner = shape.slice(deep === 3 ? 2 : 1).reduce((a, b) => a * b, 1);
  const at = Math.min(frame, shape[deep === 3 ? 1 : 0] - 1); // one for all frames, or one for each
  const start = (deep === 3 ? Math.min(step, shape[0] - 1) * shape[1] + at : at) * inner;
  if (!record.strings) return values.subarray(start, start + inner);
  return Array.from({ length: inner }, (_, i) => values.at(start + i));
}

const closest = (places, step) =>
  places.map(Number).reduce((best, each) => (best === undefined || Math.abs(each - step) < Math.abs(best - step) ? each : best), undefined);

// The step at hand that is nearest to `step` for a record that has only some.
export function nearest(record, step) {
  return record?.steps ? closest(Object.keys(record.steps).filter((each) => record.steps[each]), step) : step;
}

// The step nearest to `step` that the record could have but does not hold yet (null), if that is the nearest of all.
export function missing(record, step) {
  if (!record?.steps) return undefined;
  const place = closest(Object.keys(record.steps), step);
  return record.steps[place] ? undefined : place;
}
