// The draft on the server follows what is typed, and the list "Check your answers" follows too. Everything here has a
// counterpart that works without JavaScript. What the server has to say about a field is shown by field-notes.js.
const form = document.querySelector("form[data-save-url]");
const SAVE_AFTER = 1200;
const FIELDS = form?.dataset.answers.split(" ") ?? [];
const field = (name) => form.elements.namedItem(name);

/* ---- saving ---- */
let timer = 0;
let saved = null;
let left = false;

function body() {
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "draft", "page", "revision", ...FIELDS]) data.append(name, field(name)?.value ?? "");
  for (const kept of form.querySelectorAll("[name^=kept_]")) data.append(kept.name, kept.value);
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
    const { code, notes, revision } = await answer.json();
    field("revision").value = revision;
    // What has been typed since gets notes of its own.
    if (FIELDS.map((name) => field(name)?.value ?? "").join("\n") === state) {
      form.dispatchEvent(new CustomEvent("draft-saved", { detail: { notes } }));
    }
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

if (form) {
  const scheduled = () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  };
  form.addEventListener("input", (event) => {
    if (!FIELDS.includes(event.target.name)) return;
    review(event.target.name, shownValue(event.target.name));
    scheduled();
  });
  form.addEventListener("change", (event) => {
    if (!FIELDS.includes(event.target.name) && !event.target.matches("[data-agency-code]")) return;
    reviewAll();
    save();
  });
  form.addEventListener("photo-stored", (event) => {
    const place = form.querySelector(`[data-review-of="${event.detail.kind}"]`);
    review(event.detail.kind, event.detail.stored ? place?.dataset.stored : "");
  });
  form.addEventListener("draft-changed", () => {
    saved = null;
    save();
  });
  // Submitted, or changed elsewhere: from then on nothing of this page may be saved into that draft.
  form.addEventListener("draft-conflict", () => { left = true; });
  addEventListener("online", () => save());
  addEventListener("pagehide", () => save(true));
  saved = FIELDS.map((name) => field(name)?.value ?? "").join("\n");
  reviewAll();
}
