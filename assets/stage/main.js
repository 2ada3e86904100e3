// Entry of both components: mount a stage, or receive a part for a stage that is mounted already.

const at = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const { Theatre } = await at("./theatre.js");
const { decode, seal } = await at("./wire.js");

const theatres = new Map(); // parent element → theatre
const waiting = new Map(); // key of a stage → parts that came before it was mounted
const left = new Map(); // key → where a stage stood when its element went

// Called by Streamlit at mount and again whenever data or theme change. Returns what is called when the element goes.
export function mount({ data, parentElement, setStateValue, key }, plotly) {
  if (!data) return () => {};
  let theatre = theatres.get(parentElement);
  if (!theatre) {
    theatre = new Theatre(parentElement, plotly, (state) => parentElement.send?.("at", state));
    theatres.set(parentElement, theatre);
  }
  parentElement.send = setStateValue; // the newest: it knows the fragment that is on the page
  const version = seal(data);
  if (theatre.version !== version) show(theatre, data, version);
  else theatre.recolour();
  return () => setTimeout(() => close(parentElement), 50);
}

function show(theatre, data, version) {
  const content = decode(data);
  const name = content.key;
  const memory = theatre.version ? undefined : left.get(name);
  theatre.show(
    content,
    memory?.serial === content.serial && memory.identity === content.header.identity ? memory : undefined,
  );
  theatre.version = version;
  for (const piece of waiting.get(name) ?? []) theatre.accept(piece);
  waiting.delete(name);
}

// Streamlit also calls the cleanup of a superseded call while the element lives on; only a removed one is closed.
function close(parent) {
  const theatre = theatres.get(parent);
  if (!theatre || parent.isConnected) return;
  left.set(theatre.key, theatre.place());
  theatre.close();
  theatres.delete(parent);
}

export function receive({ data, parentElement }) {
  parentElement.hidden = true;
  if (!data) return;
  const piece = decode(data);
  const theatre = [...theatres.values()].find((each) => each.key === piece.key);
  if (theatre) theatre.accept(piece.header);
  else waiting.set(piece.key, [...(waiting.get(piece.key) ?? []), piece.header]);
}
