// What stands at a field beside its errors. The server decides what that is: its notes come with the page and with every
// answer to a saved draft (draft.js), so that page and script say the same. Here they are shown, what the card's QR code
// says is put into empty fields, and the notes' buttons, which otherwise send the form, do their work in place.
// draft.js brings what the server says: without fetch it does not run, and the buttons send the form.
const form = typeof window.fetch === "function" ? document.querySelector("form[data-save-url]") : null;
const field = (name) => form.elements.namedItem(name);
const place = (name) => form.querySelector(`[data-card-note="${name}"]`);
// By field: the text that the citizen looked at beside the card's and left as it is.
const left = {};

function show(name, html) {
  const note = place(name);
  if (!note) return;
  const body = note.querySelector("[data-field-note]");
  if (html !== undefined && body.innerHTML.trim() !== html) body.innerHTML = html;
  const keep = body.querySelector("[data-keep]");
  if (keep) {
    keep.hidden = false;
    keep.closest("p").hidden = left[name] === field(name).value;
  }
  const isEmpty = ![...body.children].some((line) => !line.hidden);
  note.hidden = isEmpty && note.querySelector("[data-card-filled]").hidden;
}

function showFilled(name, filled) {
  place(name).querySelector("[data-card-filled]").hidden = !filled;
  place(name).querySelector("[data-card-undo]").hidden = !filled;
}

function put(name, text) {
  field(name).value = text;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}

// All that the code says, under its photo: birth date and sex have no field of their own.
function showSaid(photo, rows) {
  const said = photo?.querySelector("[data-card-said]");
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
  for (const [name, text] of Object.entries(card.fields)) {
    if (!place(name) || field(name).value.trim() !== "") continue;
    if (name === "paper_number" && field("paper_kind").value !== "cccd") continue;
    put(name, text);
    showFilled(name, true);
    show(name, "");
  }
  // What was typed before is held against the card now.
  form.dispatchEvent(new Event("draft-changed"));
}

function act(button) {
  const { cardNote: name } = button.closest("[data-card-note]").dataset;
  if (button.name === "keep-typed") form.elements.namedItem(`kept_${name}`).value = field(name).value;
  if (button.matches("[data-keep]")) left[name] = field(name).value;
  if (button.matches("[data-card-undo]")) put(name, "");
  if (button.dataset.put) put(name, button.dataset.put);
  showFilled(name, false);
  show(name, button.matches("[data-keep]") ? undefined : "");
  field(name).focus();
  form.dispatchEvent(new Event("draft-changed"));
}

// Only what has worked here is not done by the server: otherwise the button sends the form, as without this script.
function press(event) {
  const button = event.target.closest("[data-card-note] button");
  if (!button) return;
  try {
    act(button);
    event.preventDefault();
  } catch (error) {
    console.warn(error);
  }
}

if (form) {
  form.addEventListener("draft-saved", (event) => {
    for (const [name, html] of Object.entries(event.detail.notes ?? {})) show(name, html);
  });
  form.addEventListener("input", (event) => {
    if (event.isTrusted && place(event.target.name)) {
      showFilled(event.target.name, false);
      show(event.target.name);
    }
  });
  form.addEventListener("card-read", (event) => {
    showSaid(event.target, event.detail.shown ?? []);
    cardRead(event.detail);
  });
  form.addEventListener("photo-stored", (event) => showSaid(event.target, []));
  form.addEventListener("click", press);
  for (const note of form.querySelectorAll("[data-card-note]")) {
    const filled = note.querySelector("[data-card-filled]");
    showFilled(note.dataset.cardNote, !filled.hidden);
    show(note.dataset.cardNote);
  }
}
