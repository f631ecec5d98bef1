// Photos go to the server one by one, the moment they are chosen, and the page shows what the server has stored.
// Enhances file inputs that the form would otherwise send with everything else. The further modules come by their
// hashed addresses from data-attributes of the form; the editor and the phone's panel only when they are wanted.

const form = document.querySelector("form[data-upload-url]");
const [tools, { PhotoView, find }, { PhotoField }] = await Promise.all(
  [form.dataset.sendSrc, form.dataset.viewSrc, form.dataset.fieldSrc].map((source) => import(source)),
);

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

// Posts `fields` for this draft; resolves to { status, answer } (see upload.js). Of a draft that was submitted
// meanwhile the form hears, too.
async function ask(url, fields = {}, options = {}) {
  const control = (name) => form.elements.namedItem(name);
  const holder = control("phone_key") ?? control("draft");
  const data = new FormData();
  data.append(holder.name, holder.value);
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) data.append(name, value, value.name ?? "photo.jpg");
    else data.append(name, value);
  }
  const reply = await tools.send(url, data, { token: control("csrfmiddlewaretoken").value, ...options });
  if (reply.status === 409) form.dispatchEvent(new CustomEvent("draft-conflict", { detail: reply.answer }));
  return reply;
}

const parts = document.querySelector("template[data-photo-parts]");
const page = { form, tools, ask, load };
const fields = [...form.querySelectorAll("[data-photo]")].map((root) => new PhotoField(new PhotoView(root, parts), page));
for (const part of form.querySelectorAll("[data-without-script]")) part.hidden = true;
for (const part of form.querySelectorAll("[data-with-script]")) part.hidden = false;

const busy = () => fields.filter((field) => field.job);

// Says on the button that it waits, until no photo is on its way.
async function settle() {
  const button = form.querySelector(".actions button[type=submit]");
  const label = button.textContent;
  button.textContent = parts.dataset.holding;
  button.setAttribute("aria-busy", "true");
  while (busy().length) await Promise.allSettled(busy().map((field) => field.running));
  button.textContent = label;
  button.removeAttribute("aria-busy");
}

// Ghi nhận waits for photos that are on their way, and stops at one that failed meanwhile.
let waiting = false;
document.addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  const leaves = submitter?.formNoValidate || submitter?.name === "start-over";
  const sent = busy();
  if (target !== form || leaves || !(sent.length || waiting)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting) return;
  waiting = true;
  await settle();
  waiting = false;
  const failed = sent.find(({ input }) => input.hasAttribute("aria-invalid"));
  if (!failed) return void form.requestSubmit(submitter);
  failed.root.scrollIntoView({ block: "start" });
  failed.input.focus({ preventScroll: true });
}, true);

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
if (panel && form.dataset.phoneUrl) {
  enablePhone(panel);
  document.addEventListener("visibilitychange", look);
  setInterval(() => performance.now() - linkedAt < LINK_LASTS && look(), LOOK_EVERY);
}
