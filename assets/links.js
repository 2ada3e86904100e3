// The row of links follows the address while a page changes it without being drawn again (a slider let go in a fragment).
// Without this script the links still work; they then carry what was looked at when the page was drawn.
const drawn = new WeakMap(); // row → {seen, params}: the address when its links were drawn, and what they were given

const same = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

function aim(event) {
  const link = event.target.closest("a"), { seen, params } = drawn.get(event.currentTarget);
  const moved = !same(Object.fromEntries(new URLSearchParams(location.search)), seen);
  const said = moved ? location.search.slice(1) : new URLSearchParams(params).toString();
  if (link) link.setAttribute("href", link.getAttribute("href").split("?")[0] + (said && "?" + said));
  return link && moved ? link : null;
}

const modified = (event) => event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

function go(event) {
  const link = aim(event);
  if (!link || modified(event)) return;
  event.preventDefault(); // Streamlit's own handler would go to what the link was drawn with
  event.stopPropagation();
  history.pushState({}, "", link.href);
  dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

// Streamlit follows a link in this tab whatever keys are held; a click that asks for another tab belongs to the browser
const leave = (event) => modified(event) && event.target.closest?.(".stPageLink a") && event.stopPropagation();

export default function ({ data, parentElement }) {
  const row = parentElement.closest(".st-key-distill-top");
  if (!row) return;
  const listening = drawn.has(row);
  drawn.set(row, data);
  row.setAttribute("role", "navigation");
  row.setAttribute("aria-label", "Pages");
  for (const link of row.querySelectorAll("a")) {
    if (link.textContent.trim() === data.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.addEventListener("click", leave, true); // the same function is added once
  if (listening) return;
  for (const kind of ["pointerover", "pointerdown", "focusin"]) row.addEventListener(kind, aim);
  row.addEventListener("click", go, true);
}
