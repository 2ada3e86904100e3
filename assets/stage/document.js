// Small help with the document. Text only ever goes in as text.

export function node(tag, attributes = {}, parent = null, text = null) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  parent?.append(made);
  return made;
}

const scripts = new Map();

// plotly, once a page, from our own static files.
export function loadPlotly(address) {
  if (globalThis.Plotly?.react) return Promise.resolve(globalThis.Plotly);
  if (!scripts.has(address.href)) {
    scripts.set(
      address.href,
      new Promise((done, fail) => {
        const script = node("script", { src: address.href, async: "" }, document.head);
        script.onload = () => done(globalThis.Plotly);
        script.onerror = () => fail(new Error(`could not load ${address.pathname}`));
      }),
    );
  }
  return scripts.get(address.href);
}

// Called back with the new width whenever an element's room changes; returns what stops it.
export function watch(target, call) {
  const observer = new ResizeObserver(() => call());
  observer.observe(target);
  return () => observer.disconnect();
}

export const later = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
