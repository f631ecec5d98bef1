// Photos go to the server one by one, the moment they are chosen, and the page shows what the server has stored.
// Enhances file inputs that the form would otherwise send with everything else. The further modules come by their
// hashed addresses from data-attributes of the form; the editor and the phone's panel only when they are wanted.

const form = document.querySelector("form[data-upload-url]");
const [tools, { PhotoView, find }, { PhotoField }] = await Promise.all(
  [form.dataset.sendSrc, form.dataset.viewSrc, form.dataset.fieldSrc].map((source) => import(source)),
);

// All that a field cannot do without (docs/browsers.md). Where something is missing nothing is taken over here.
const has = (type, ...names) => typeof type === "function" && names.every((name) => name in type.prototype);
const able = () =>
  has(window.Element, "closest", "append", "before", "after", "scrollIntoView") && has(window.Blob, "slice") &&
  has(window.XMLHttpRequest, "upload") && has(window.HTMLTemplateElement, "content") &&
  has(window.AbortController, "abort") && has(window.FormData, "append") &&
  [window.CustomEvent, window.URL?.createObjectURL, window.matchMedia].every((each) => typeof each === "function");

// A module that is fetched on use. A browser may remember a failure: then ask under a new name.
const missed = {};
async function load(source) {
  try {
    return await import(missed[source] ? `${source}?${missed[source]}` : source);
  } catch (error) {
    missed[source] = (missed[source] ?? 0) + 1;
    throw error;
  }
}

const control = (name) => form.elements.namedItem(name);

// Posts `fields` for this draft; resolves to { status, answer } (see upload.js). Of a draft that was submitted
// meanwhile the form hears, too.
async function ask(url, fields = {}, options = {}) {
  const holder = control("phone_key") ?? control("draft");
  const data = new FormData();
  data.append(holder.name, holder.value);
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) data.append(name, value, value.name ?? "photo.jpg");
    else data.append(name, value);
  }
  const send = () => tools.send(url, data, { token: () => control("csrfmiddlewaretoken").value, ...options });
  let reply = await send();
  // Somebody has signed in in another tab meanwhile: the page's token is replaced by the one that counts now.
  if (reply.status === 403 && reply.answer.csrf) {
    control("csrfmiddlewaretoken").value = reply.answer.csrf;
    reply = await send();
  }
  if (reply.status === 409) form.dispatchEvent(new CustomEvent("draft-conflict", { detail: reply.answer }));
  return reply;
}

const parts = document.querySelector("template[data-photo-parts]");
const page = { form, tools, ask, load };

// The field as this script shows it; after a failure the page's own stands there again, with the file that was chosen.
function takeOver(root) {
  const plain = root.cloneNode(true);
  const input = root.querySelector("input[type=file]");
  try {
    return new PhotoField(new PhotoView(root, parts), page);
  } catch {
    plain.querySelector("input[type=file]").replaceWith(input);
    root.replaceWith(plain);
    return null;
  }
}

const roots = able() ? [...form.querySelectorAll("[data-photo]")] : [];
const fields = roots.map(takeOver).filter(Boolean);
const isWhole = fields.length > 0 && fields.length === roots.length;
for (const part of form.querySelectorAll("[data-without-script]")) part.hidden = isWhole;
for (const part of form.querySelectorAll("[data-with-script]")) part.hidden = !isWhole;

/* ---- Ghi nhận ---- */
const busy = () => fields.filter((field) => field.job);
const WAITING = ["waiting", "retrying", "busy"];

// What the button says while it waits; a screen reader hears it once.
function tell(button, text) {
  if (button.textContent === text) return;
  button.textContent = text;
  document.querySelector("[data-photo-status]").textContent = text;
}

// Until no photo is on its way, the server can be reached, and it has what was typed. Then the browser may leave this
// page: on a bad line it would show an error of its own instead.
async function settle(button) {
  const { holding, offline } = parts.dataset;
  const isBad = () => busy().some(({ state }) => WAITING.includes(state));
  const show = () => tell(button, isBad() ? offline : holding);
  if (busy().length) show();
  form.addEventListener("photo-state", show);
  while (busy().length) for (const field of busy()) await field.running;
  form.removeEventListener("photo-state", show);
  const onState = (state) => WAITING.includes(state) && tell(button, offline);
  if (form.dataset.stateUrl) await ask(form.dataset.stateUrl, {}, { patient: true, onState });
  const waits = [];
  form.dispatchEvent(new CustomEvent("draft-flush", { detail: waits }));
  for (const wait of waits) await wait;
}

async function hold() {
  const sent = busy();
  const button = form.querySelector(".actions button[type=submit]");
  const label = button.textContent;
  button.setAttribute("aria-busy", "true");
  try {
    await settle(button);
  } finally {
    button.textContent = label;
    button.removeAttribute("aria-busy");
  }
  const failed = sent.find(({ input, goesAlong }) => input.hasAttribute("aria-invalid") && !goesAlong);
  if (!failed) return true;
  failed.root.scrollIntoView({ block: "start" });
  failed.input.focus({ preventScroll: true });
  return false;
}

let [waiting, passed, pressed] = [false, false, null];
// For browsers that do not say which button sent the form.
form.addEventListener("click", ({ target }) => { pressed = target.closest("button[type=submit], button:not([type])"); });

async function submit(event) {
  const submitter = event.submitter ?? pressed;
  if (event.target !== form || passed || !submitter || !isWhole) return;
  if (submitter.formNoValidate || submitter.name === "start-over") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting) return;
  waiting = true;
  // What no check foresaw must not keep the form from being sent.
  const isFree = await hold().catch(() => true);
  if (!isFree) {
    waiting = false;
    return;
  }
  // The press once more, this time let through; a page that the browser brings back holds again. In a task of its own:
  // while this event is still under way a form takes no other.
  await new Promise((resolve) => { setTimeout(resolve); });
  [waiting, passed] = [false, true];
  submitter.click();
  setTimeout(() => { passed = false; });
}
document.addEventListener("submit", submit, true);

/* ---- the phone ---- */
// To be called before the server is asked; the answer is then shown where nothing newer happened here.
function expect() {
  const changes = fields.map((field) => field.changes);
  return (photos) => fields.forEach((field, index) => field.receive(photos[field.kind], changes[index]));
}

let linkedAt = performance.now();
function enablePhone(panel) {
  const [button, body, failure] = ["phone-open", "phone-panel", "failure"].map((name) => find(panel, name));
  const urls = { state: form.dataset.stateUrl, phone: form.dataset.phoneUrl };
  let link;
  panel.hidden = false;
  button.addEventListener("click", async () => {
    body.hidden = !body.hidden;
    button.setAttribute("aria-expanded", String(!body.hidden));
    failure.hidden = true;
    try {
      panel.dataset.linked = "";
      linkedAt = performance.now();
      link ??= (await load(form.dataset.linkSrc)).connect(panel, { ask, urls, expect });
      link[body.hidden ? "close" : "open"]();
    } catch {
      failure.textContent = panel.dataset.failed;
      failure.hidden = false;
    }
  });
}

// With the panel closed, or the page loaded again, the phone may go on sending for as long as its code works.
const [LOOK_EVERY, LINK_LASTS] = [5000, 15 * 60_000];
async function look() {
  if (document.hidden || !("linked" in panel.dataset) || !find(panel, "phone-panel").hidden) return;
  const show = expect();
  const { status, answer } = await ask(form.dataset.stateUrl).catch(() => ({ status: 0 }));
  if (status === 200) show(answer.photos);
}

const panel = document.querySelector("[data-phone-link]");
if (panel && form.dataset.phoneUrl && isWhole) {
  enablePhone(panel);
  document.addEventListener("visibilitychange", look);
  setInterval(() => performance.now() - linkedAt < LINK_LASTS && look(), LOOK_EVERY);
}
