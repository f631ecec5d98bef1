// What is to be seen of one photo field: the place to choose, progress, the stored photo, errors. Built from the parts
// in templates/registration/_photo_parts.html, whose data-attributes are all the words.

export const find = (root, name) => root.querySelector(`[data-${name}]`);

// Turning and cropping (photo-editor.js) are offered where the browser has what they need; without them a photo is sent
// as it is.
const has = (type, ...names) => typeof type === "function" && names.every((name) => name in type.prototype);
const redraws = () => Boolean(window.createImageBitmap) && has(window.HTMLCanvasElement, "toBlob");
const crops = () => has(window.HTMLDialogElement, "showModal") && has(window.Element, "setPointerCapture") &&
  has(window.CanvasRenderingContext2D, "resetTransform") && Boolean(window.ResizeObserver && window.PointerEvent);

export class PhotoView {
  constructor(root, parts) {
    Object.assign(this, { root, parts, texts: parts.dataset, kind: root.dataset.photo });
    this.input = root.querySelector("input[type=file]");
    this.name = root.querySelector("label").textContent.trim();
    this.drop = this.part("drop");
    this.input.before(this.drop);
    find(this.drop, "choose").append(this.input);
    find(root, "another")?.remove();
    this.stored = find(root, "stored");
    // Which photo this page shows: Ghi nhận takes that one and no other. The helping phone has no such field.
    this.shown = find(root, "shown");
    if (this.stored) this.equip();
    this.reword();
  }

  part(name) {
    const copy = find(this.parts.content, name).cloneNode(true);
    for (const place of copy.querySelectorAll("[data-name]")) place.textContent = this.name;
    return copy;
  }

  say(text) { document.querySelector("[data-photo-status]").textContent = text; }
  sayName(text) { this.say(text.replace("#", this.name)); }

  get token() { return this.shown?.value ?? ""; }
  set token(token) { if (this.shown) this.shown.value = token; }
  get source() { return find(this.stored, "picture").src; }

  /* ---- on its way ---- */
  showProgress(text) {
    if (!this.bar) {
      this.said = "";
      this.bar = this.part("progress");
      const words = find(this.bar, "progress-text");
      words.id = `${this.input.id}_progress`;
      this.bar.querySelector("progress").setAttribute("aria-labelledby", words.id);
      const held = this.drop.contains(document.activeElement);
      this.drop.hidden = true;
      this.root.append(this.bar);
      if (held) words.focus({ preventScroll: true });
    }
    find(this.bar, "progress-text").textContent = text;
    find(this.bar, "cancel").hidden = false;
  }

  showState(state) {
    if (state === "sending") return void this.showShare(0);
    this.bar.querySelector("progress").value = 0;
    this.showProgress(this.texts[state]);
    // Said once, not at each try.
    if (this.said !== state) this.say(this.texts[state]);
    this.said = state;
  }

  showShare(share) {
    this.bar.querySelector("progress").value = 100 * share;
    const { sending, checking } = this.texts;
    this.showProgress(share < 1 ? sending.replace("#", Math.floor(100 * share)) : checking);
    // All of it has left: the server will store it, whatever is pressed here.
    if (share >= 1) this.hideCancel();
  }

  // The keyboard is not left on a button that goes away.
  hideCancel() {
    const [cancel, words] = [find(this.bar, "cancel"), find(this.bar, "progress-text")];
    if (document.activeElement === cancel) words.focus({ preventScroll: true });
    cancel.hidden = true;
  }

  preview(blob) {
    const picture = find(this.bar, "preview");
    if (this.previewed) URL.revokeObjectURL(this.previewed);
    picture.src = this.previewed = URL.createObjectURL(blob);
    picture.hidden = false;
  }

  hideProgress() {
    if (!this.bar) return;
    const held = this.bar.contains(document.activeElement);
    this.drop.hidden = false;
    this.bar.remove();
    this.bar = null;
    if (held) this.input.focus({ preventScroll: true });
    if (this.previewed) URL.revokeObjectURL(this.previewed);
    this.previewed = null;
  }

  /* ---- stored ---- */
  // Once a photo is stored the way to another one is a button beside those that change it.
  reword() {
    const { again, another, camera, choose, existing } = this.texts;
    const first = matchMedia("(pointer: coarse)").matches ? existing : choose;
    const words = this.stored ? [again, another] : [camera, first];
    [...this.drop.querySelectorAll("[data-text]")].forEach((place, index) => { place.textContent = words[index]; });
    this.drop.classList.toggle("photo-drop--again", Boolean(this.stored));
    const held = this.drop.contains(document.activeElement);
    if (this.stored) find(this.stored, "remove").before(this.drop);
    else this.root.append(this.drop);
    if (held) this.input.focus({ preventScroll: true });
  }

  // The buttons that work here.
  equip() {
    find(this.stored, "remove").hidden = false;
    find(this.stored, "rotate").hidden = !redraws();
    find(this.stored, "crop").hidden = !redraws() || !crops() || this.kind !== "portrait";
  }

  show(photo) {
    if (!this.stored) {
      this.stored = this.part("stored");
      find(this.stored, "figure").classList.toggle("photo--portrait", this.kind === "portrait");
      (this.bar ?? this.drop).before(this.stored);
      this.equip();
    }
    const { url: src, width, height, warnings } = photo;
    const alt = this.texts.alt.replace("#", this.name);
    this.token = photo.token;
    this.stored.dataset.sha256 = photo.sha256;
    Object.assign(find(this.stored, "picture"), { src, width, height, alt });
    find(this.stored, "warnings").hidden = !warnings.length;
    const list = find(this.stored, "warning-list");
    list.textContent = "";
    for (const text of warnings) list.append(Object.assign(document.createElement("li"), { textContent: text }));
    this.reword();
    this.say([this.texts.saved.replace("#", this.name), ...warnings].join(" "));
  }

  clear() {
    const gone = this.stored;
    this.stored = null;
    this.token = "";
    this.reword();
    gone?.remove();
    this.sayName(this.texts.removed);
  }

  /* ---- errors, in the same markup as the server's ---- */
  showError(message, retry) {
    this.clearError();
    const error = this.part("error");
    error.id = `${this.input.id}_error`;
    find(error, "text").textContent = message;
    (this.root.querySelector(":scope > .field__hint") ?? this.root.querySelector("label")).after(error);
    this.root.classList.add("field--error");
    this.input.setAttribute("aria-invalid", "true");
    this.describe(error.id);
    if (retry) error.after(this.part("retry-row"));
  }

  clearError() {
    document.getElementById(`${this.input.id}_error`)?.remove();
    find(this.root, "retry-row")?.remove();
    this.root.classList.remove("field--error");
    this.input.removeAttribute("aria-invalid");
    this.describe();
  }

  describe(added) {
    const ids = [...(this.input.getAttribute("aria-describedby") ?? "").split(" "), added];
    const there = [...new Set(ids)].filter((id) => id && document.getElementById(id));
    if (there.length) this.input.setAttribute("aria-describedby", there.join(" "));
    else this.input.removeAttribute("aria-describedby");
  }
}
