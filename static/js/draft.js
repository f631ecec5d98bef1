// The draft on the server follows what is typed, the list "Check your answers" follows too, and what the card's
// QR code says is put beside it. Everything here has a counterpart that works without JavaScript.
const form = document.querySelector("form[data-save-url]");
const SAVE_AFTER = 1200;
const FIELDS = ["full_name", "bhxh_number", "paper_kind", "paper_number", "address", "phone", "email", "agency"];
const field = (name) => form.elements.namedItem(name);

/* ---- saving ---- */
let timer = 0;
let saved = null;
let left = false;

function body() {
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "draft", "page", "revision", ...FIELDS]) data.append(name, field(name)?.value ?? "");
  return data;
}

async function save(keepalive = false) {
  clearTimeout(timer);
  const data = body();
  const state = FIELDS.map((name) => data.get(name)).join("\n");
  if (state === saved || left) return;
  try {
    const answer = await fetch(form.dataset.saveUrl, { method: "POST", body: data, keepalive });
    if (answer.status === 409) form.dispatchEvent(new CustomEvent("draft-conflict", { detail: await answer.json() }));
    if (!answer.ok) return;
    saved = state;
    const { code, revision } = await answer.json();
    field("revision").value = revision;
    const note = form.querySelector("[data-resume]");
    if (!code || !note) return;
    note.querySelector("[data-resume-code]").textContent = code;
    note.hidden = false;
  } catch {
    // Offline: the next change, or coming back online, saves again.
  }
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

/* ---- the card ---- */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase().replace(/\s+/g, " ").trim();
const same = (name, a, b) =>
  name === "full_name" ? plain(a) === plain(b) : plain(a).replace(/[^a-z0-9]/g, "") === plain(b).replace(/[^a-z0-9]/g, "");
let said = {};

function note(name) {
  return form.querySelector(`[data-card-note="${name}"]`);
}

function showNote(name, { filled = false } = {}) {
  const place = note(name);
  if (!place || !said[name]) return;
  const typed = field(name).value;
  const differs = name !== "address" && typed !== "" && !same(name, typed, said[name]);
  place.querySelector("[data-card-filled]").hidden = !filled;
  place.querySelector("[data-card-differs]").hidden = !differs;
  place.querySelector("[data-card-value]").textContent = said[name];
  for (const button of place.querySelectorAll("button")) button.hidden = false;
  place.hidden = !filled && !differs;
}

function put(name, text) {
  field(name).value = text;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}

// All that the code says, under its photo: birth date and sex have no field of their own.
function showSaid(place, rows) {
  const said = place?.querySelector("[data-card-said]");
  if (!said) return;
  said.textContent = said.dataset.cardSaidText;
  rows.forEach((row, index) => {
    const value = document.createElement("strong");
    value.textContent = row.value;
    said.append(index ? "; " : " ", `${row.label} `, value);
  });
  said.hidden = rows.length === 0;
}

function cardRead(card) {
  said = { ...said, ...card.fields };
  for (const name of Object.keys(card.fields)) {
    if (!note(name) || (name === "paper_number" && field("paper_kind").value !== "cccd")) continue;
    const empty = field(name).value.trim() === "";
    if (empty) put(name, said[name]);
    showNote(name, { filled: empty });
  }
}

if (form) {
  const scheduled = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  };
  form.addEventListener("input", (event) => {
    if (!FIELDS.includes(event.target.name)) return;
    review(event.target.name, shownValue(event.target.name));
    if (event.isTrusted) showNote(event.target.name);
    scheduled();
  });
  form.addEventListener("change", (event) => {
    if (!FIELDS.includes(event.target.name) && !event.target.matches("[data-agency-code]")) return;
    reviewAll();
    save();
  });
  form.addEventListener("card-read", (event) => {
    showSaid(event.target, event.detail.shown ?? []);
    cardRead(event.detail);
  });
  form.addEventListener("photo-stored", (event) => {
    showSaid(event.target, []);
    const place = form.querySelector(`[data-review-of="${event.detail.kind}"]`);
    review(event.detail.kind, event.detail.stored ? place?.dataset.stored : "");
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-card-undo], [data-card-use]");
    if (!button) return;
    const name = button.closest("[data-card-note]").dataset.cardNote;
    put(name, button.matches("[data-card-use]") ? said[name] : "");
    showNote(name);
    field(name).focus();
  });
  for (const place of form.querySelectorAll("[data-card-note]")) {
    const value = place.querySelector("[data-card-value]").textContent;
    if (value) said[place.dataset.cardNote] = value;
    for (const button of place.querySelectorAll("button")) button.hidden = false;
  }
  // Submitted, or changed elsewhere: from then on nothing of this page may be saved into that draft.
  form.addEventListener("draft-conflict", () => { left = true; });
  addEventListener("online", () => save());
  addEventListener("pagehide", () => save(true));
  saved = FIELDS.map((name) => field(name)?.value ?? "").join("\n");
  reviewAll();
}
