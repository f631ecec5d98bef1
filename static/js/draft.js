// The draft on the server follows what is typed, and the list "Check your answers" follows too. Everything here has a
// counterpart that works without JavaScript. What the server has to say about a field is shown by field-notes.js.
const able = [window.fetch, window.CustomEvent, window.FormData, window.URL].every((each) => typeof each === "function");
const form = able ? document.querySelector("form[data-save-url]") : null;
const SAVE_AFTER = 1200;
const FIELDS = form?.dataset.answers.split(" ") ?? [];
const field = (name) => form.elements.namedItem(name);

/* ---- saving ---- */
// ms between tries on a bad line: doubled from one to the next.
const [FIRST_PAUSE, LONGEST_PAUSE] = [2000, 30_000];
const PASSING = [408, 425, 429, 500, 502, 503, 504];
let timer = 0;
let saved = {};
let isForced = false;
let left = false;
let failures = 0;

const typed = () => Object.fromEntries(FIELDS.map((name) => [name, field(name)?.value ?? ""]));
// What the page came with. A browser may have put other text into the fields by now, as after a reload.
function made(name) {
  const control = field(name);
  if (!(control instanceof HTMLSelectElement)) return control?.defaultValue ?? "";
  return ([...control.options].find((option) => option.defaultSelected) ?? control.options[0])?.value ?? "";
}
const joined = (answers) => FIELDS.map((name) => answers[name]).join("\n");

function body() {
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "draft", "page", "revision", ...FIELDS]) data.append(name, field(name)?.value ?? "");
  for (const kept of form.querySelectorAll("[name^=kept_]")) data.append(kept.name, kept.value);
  return data;
}

function later(response) {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
  const asked = 1000 * Math.min(Number(response?.headers.get("Retry-After")) || 0, 300);
  failures += 1;
  clearTimeout(timer);
  timer = setTimeout(save, Math.max(pause, asked));
}

// The answer of the server; null when there is none, or none yet: then it is asked again by and by.
async function post(keepalive) {
  const response = await fetch(form.dataset.saveUrl, { method: "POST", body: body(), keepalive }).catch(() => null);
  if (response && !PASSING.includes(response.status)) return response;
  later(response);
  return null;
}

// The page's token no longer counts, as after signing in in another tab: the server's answer has the new one.
async function renewed(response, keepalive) {
  if (response?.status !== 403) return response;
  const { csrf } = await response.json().catch(() => ({}));
  if (!csrf) return response;
  field("csrfmiddlewaretoken").value = csrf;
  return post(keepalive);
}

async function save(keepalive = false) {
  clearTimeout(timer);
  const now = typed();
  if (left || (joined(now) === joined(saved) && !isForced)) return;
  const wasForced = isForced;
  isForced = false;
  try {
    const answer = await renewed(await post(keepalive), keepalive);
    if (!answer) return void (isForced ||= wasForced);
    failures = 0;
    if (answer.status === 409) form.dispatchEvent(new CustomEvent("draft-conflict", { detail: await answer.json() }));
    if (answer.ok) take(await answer.json(), now);
  } catch {
    // An answer that was cut off: the next change saves again.
  }
}

function take({ code, notes, revision }, sent) {
  saved = sent;
  keepUnsent();
  field("revision").value = revision;
  // What has been typed since gets notes of its own.
  if (joined(typed()) === joined(sent)) form.dispatchEvent(new CustomEvent("draft-saved", { detail: { notes } }));
  const note = form.querySelector("[data-resume]");
  if (!code || !note) return;
  note.querySelector("[data-resume-code]").textContent = code;
  note.hidden = false;
}

/* ---- what the server does not have yet (kept.js) ---- */
const key = form ? new URL(form.action).searchParams.get("to-khai") : "";
const underWay = new Set();
let kept = null;

// The record follows what is typed; it is gone once the server has it all.
function keepUnsent() {
  if (!kept || left) return;
  const now = typed();
  if (joined(now) === joined(saved) && !underWay.size) return void kept.drop(key);
  const label = form.querySelector("[data-agency-label]")?.value ?? "";
  kept.keep(key, { typed: now, base: saved, label, photos: [...underWay], hours: Number(form.dataset.keptHours) });
}

/* ---- the list of answers ---- */
function shownValue(name) {
  const control = field(name);
  if (name === "agency") return form.querySelector("[data-agency-label]")?.value ?? "";
  if (control instanceof HTMLSelectElement) return control.selectedOptions[0]?.textContent ?? "";
  return control?.value.trim() ?? "";
}

function review(name, text) {
  const place = form.querySelector(`[data-review-of="${name}"]`);
  if (!place) return;
  place.textContent = "";
  if (text) {
    place.append(text);
  } else {
    const empty = document.createElement("span");
    empty.className = "quiet";
    empty.textContent = place.dataset.empty;
    place.append(empty);
  }
}

function reviewAll() {
  for (const name of FIELDS) review(name, shownValue(name));
}

// What an earlier page could not send comes back into fields that have not been changed elsewhere since.
function putBack({ typed: texts, base, label, photos }) {
  const changed = FIELDS.filter((name) => field(name) && texts[name] !== base[name] && field(name).value === (base[name] ?? ""));
  for (const name of changed) {
    field(name).value = texts[name];
    if (name === "agency") form.querySelector("[data-agency-label]").value = label;
  }
  const lost = photos.filter((kind) => field(`shown-${kind}`)?.value === "");
  for (const [name, isTold] of [["typed", changed.length], ["photos", lost.length]]) {
    form.querySelector(`[data-restored-${name}]`).hidden = !isTold;
  }
  form.querySelector("[data-restored]").hidden = !changed.length && !lost.length;
  for (const name of changed) field(name).dispatchEvent(new Event("input", { bubbles: true }));
}

async function remember() {
  const found = await import(form.dataset.keptSrc);
  found.keys();
  const record = found.find(key);
  kept = found;
  if (record) putBack(record);
  keepUnsent();
  reviewAll();
  save();
}

if (form) {
  const scheduled = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  };
  form.addEventListener("input", (event) => {
    if (!FIELDS.includes(event.target.name)) return;
    review(event.target.name, shownValue(event.target.name));
    keepUnsent();
    scheduled();
  });
  form.addEventListener("change", (event) => {
    if (!FIELDS.includes(event.target.name) && !event.target.matches("[data-agency-code]")) return;
    reviewAll();
    keepUnsent();
    save();
  });
  form.addEventListener("photo-stored", (event) => {
    const place = form.querySelector(`[data-review-of="${event.detail.kind}"]`);
    review(event.detail.kind, event.detail.stored ? place?.dataset.stored : "");
  });
  form.addEventListener("draft-changed", () => {
    isForced = true;
    save();
  });
  for (const type of ["photo-state", "photo-settled"]) {
    form.addEventListener(type, ({ detail: { kind, state } }) => {
      underWay[state ? "add" : "delete"](kind);
      keepUnsent();
    });
  }
  // Before the form is sent.
  form.addEventListener("draft-flush", ({ detail }) => detail.push(save()));
  // "Xóa": nothing of this page is kept anywhere from then on.
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name !== "start-over") return;
    left = true;
    kept?.drop(key);
  });
  // Submitted, or changed elsewhere: from then on nothing of this page may be saved into that draft.
  form.addEventListener("draft-conflict", () => { left = true; });
  addEventListener("online", () => { failures = 0; save(); });
  addEventListener("pagehide", () => save(true));
  saved = Object.fromEntries(FIELDS.map((name) => [name, made(name)]));
  isForced = "unsaved" in form.dataset;
  reviewAll();
  remember().catch(() => save());
}
