// The agency picker. It enhances markup that works without it (templates/agencies/_field.html): CHỌN opens a native
// dialog instead of leaving for the page with the tree. All words come from the server with the markup. A browser that
// lacks something that the dialog needs keeps the page's own way.

const [LAST, DEBOUNCE, TYPE_AHEAD] = ["agency-picker:last", 150, 600];

const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "").replace(/đ/g, "d");

// Storage may be off: then every opening starts afresh.
const recall = () => { try { return localStorage.getItem(LAST) ?? ""; } catch { return ""; } };
const remember = (code) => { try { localStorage.setItem(LAST, code); } catch { /* see above */ } };

// One list of offices, a tree or flat results: selection, opening, and the keyboard as in the ARIA tree pattern.
class OfficeList {
  constructor(root, name, { onSelect, onTake }) {
    Object.assign(this, { root, onSelect, onTake, typed: "" });
    root.setAttribute("aria-label", name);
    root.addEventListener("click", (event) => this.click(event));
    // Two quick presses on different items, the list having moved under the finger, are no choice.
    root.addEventListener("dblclick", () => this.isTwice && this.onTake());
    root.addEventListener("keydown", (event) => this.keydown(event));
    this.stop(this.items[0]);
  }

  get items() { return [...this.root.querySelectorAll("[data-code]")]; }
  get visible() { return this.items.filter((item) => !item.hidden); }
  get selected() { return this.root.querySelector('[aria-selected="true"]'); }
  label(item) { return (item.querySelector(".agency-item__label") ?? item).textContent; }
  // No item stands inside another: a press on its text, and one that assistive technology makes on the item itself or
  // in the middle of it, mean the same.
  itemOf(event) { return event.target.closest("[data-code]"); }
  above(item) { return this.items.find((each) => each.dataset.code === item.dataset.above); }
  below(item) { return this.items.filter((each) => each.dataset.above === item.dataset.code); }

  // The one item that Tab reaches.
  stop(item) {
    if (!item) return;
    for (const other of this.root.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    item.tabIndex = 0;
    this.current = item;
  }

  focus(item = this.current, block = "nearest") {
    if (!item) return;
    this.stop(item);
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block });
  }

  clear() { this.selected?.setAttribute("aria-selected", "false"); }
  expand(item, open) {
    item.setAttribute("aria-expanded", String(open));
    for (const each of this.below(item)) each.hidden = !open;
    // Tab must reach an item that can be seen.
    if (this.current?.hidden) this.stop(item);
  }

  select(item) {
    this.clear();
    item.setAttribute("aria-selected", "true");
    this.stop(item);
    this.onSelect(item);
  }

  show(code) {
    const item = code && this.items.find((each) => each.dataset.code === code);
    if (!item) return;
    const above = this.above(item);
    if (above) this.expand(above, true);
    this.select(item);
  }

  click(event) {
    const item = this.itemOf(event);
    if (!item) return;
    [this.isTwice, this.pressed] = [item === this.pressed, item];
    const closing = item === this.selected && item.getAttribute("aria-expanded") === "true";
    this.select(item);
    this.focus(item);
    // A second click closes a province again, but a double click is a choice and must not make the list jump.
    if (item.hasAttribute("aria-expanded") && event.detail < 2) this.expand(item, !closing);
  }

  keydown(event) {
    const item = event.target.closest("[data-code]");
    if (event.ctrlKey || event.altKey || event.metaKey || !item) return;
    if (this.command(event.key, item) || this.type(event.key)) event.preventDefault();
  }

  command(key, item) {
    const visible = this.visible;
    const place = visible.indexOf(item);
    switch (key) {
      case "ArrowDown": this.focus(visible[place + 1] ?? item); return true;
      case "ArrowUp": this.focus(visible[place - 1] ?? item); return true;
      case "Home": this.focus(visible[0]); return true;
      case "End": this.focus(visible[visible.length - 1]); return true;
      case "ArrowRight": this.inward(item); return true;
      case "ArrowLeft": this.outward(item); return true;
      case "Enter": item === this.selected ? this.onTake() : this.activate(item); return true;
      case " ": if (!this.typed) this.activate(item); return !this.typed;
      default: return false;
    }
  }

  activate(item) {
    if (item.hasAttribute("aria-expanded")) this.expand(item, true);
    this.select(item);
  }

  inward(item) {
    if (item.getAttribute("aria-expanded") === "false") this.expand(item, true);
    else this.focus(this.below(item)[0] ?? item);
  }
  outward(item) {
    if (item.getAttribute("aria-expanded") === "true") this.expand(item, false);
    else this.focus(this.above(item) ?? item);
  }

  // Letters lead to the next office whose code or own name begins with them ("q" → Quận, "go" → Gò Vấp).
  type(key) {
    if ([...key].length !== 1) return false;
    clearTimeout(this.forget);
    this.forget = setTimeout(() => { this.typed = ""; }, TYPE_AHEAD);
    this.typed += fold(key);
    const visible = this.visible;
    const from = visible.indexOf(this.current) + (this.typed.length === 1);
    const turned = [...visible.slice(from), ...visible.slice(0, from)];
    this.focus(turned.find((item) => this.begins(item)) ?? this.current);
    return true;
  }

  begins(item) {
    if (item.dataset.code.startsWith(this.typed)) return true;
    const name = fold(this.label(item)).replace(/^\[\d+\] (bhxh )?/, "");
    const own = name.replace(/^(tinh|tp\.|thanh pho|quan|huyen|thi xa|co so) /, "");
    return [name, own].some((text) => text.startsWith(this.typed));
  }
}

class AgencyPicker {
  constructor(field) {
    this.field = field;
    this.button = field.querySelector("[data-agency-picker]");
    this.code = field.querySelector("[data-agency-code]");
    this.text = field.querySelector("[data-agency-label]");
    this.url = this.button.dataset.agencyPicker;
    this.opened = () => this.tryToOpen();
    // No longer a submit button: otherwise Enter in any text field of the form would press it.
    this.button.type = "button";
    for (const opener of [this.button, this.text]) {
      opener.setAttribute("aria-haspopup", "dialog");
      opener.addEventListener("click", this.opened);
    }
  }

  // What no check foresaw: the page's own way is open again, and taken at once.
  tryToOpen() {
    try {
      this.open();
    } catch {
      for (const opener of [this.button, this.text]) {
        opener.removeAttribute("aria-haspopup");
        opener.removeEventListener("click", this.opened);
      }
      if (this.dialog?.open) this.dialog.close();
      this.button.type = "submit";
      this.button.click();
    }
  }

  open() {
    if (!this.dialog) this.build();
    this.dialog.showModal();
    clearTimeout(this.timer);
    this.search.value = this.asked = "";
    this.picked = this.code.value || recall();
    this.choose(null);
    this.pending = this.showTree().then(() => this.start());
  }

  build() {
    // On the body, outside the form: Enter in the search box must not submit the declaration.
    document.body.append(this.field.querySelector("[data-agency-dialog]").content.cloneNode(true));
    this.dialog = document.body.lastElementChild;
    const part = (name) => this.dialog.querySelector(`[data-${name}]`);
    [this.search, this.status, this.list] = [part("search"), part("status"), part("list")];
    [this.failure, this.take, this.title] = [part("failure"), part("take"), part("title")];
    part("cancel").addEventListener("click", () => this.dialog.close());
    part("retry").addEventListener("click", () => {
      this.asked = undefined;
      this.search.focus();
      this.find();
    });
    this.take.addEventListener("click", () => this.accept());
    this.dialog.addEventListener("close", () => this.button.focus());
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), DEBOUNCE);
    });
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
  }

  async showTree() {
    if (!this.tree) {
      const root = await this.load("");
      if (!root) return;
      this.tree = this.listOf(root, this.list.dataset.treeName);
    }
    this.settle(true);
    this.tree.clear();
    this.put(this.tree, "");
  }

  // Where the keyboard starts: at the choice; else in the search box, unless that would open a phone's keyboard.
  start() {
    if (document.activeElement !== this.title || !this.tree) return;
    if (this.tree.selected) this.tree.focus(this.tree.selected, "center");
    else if (matchMedia("(pointer: fine)").matches) this.search.focus();
    else this.tree.focus();
  }

  async showResults(query) {
    const root = await this.load(query);
    if (!root) return;
    this.put(this.listOf(root, this.list.dataset.resultsName), query);
    const { none, one, many, more } = this.status.dataset;
    const { count } = root.dataset;
    this.say(("more" in root.dataset ? more : [none, one][count] ?? many).replace("#", count));
  }

  listOf(root, name) {
    return new OfficeList(root, name, { onSelect: (item) => this.choose(item), onTake: () => this.accept() });
  }

  put(list, query) {
    this.shown = list;
    this.shownFor = query;
    this.list.textContent = "";
    if (list.current) this.list.append(list.root);
    this.list.scrollTop = 0;
    this.choose(null);
    list.show(this.picked);
  }

  // The list for what is typed, asked for once.
  find() {
    clearTimeout(this.timer);
    const query = this.search.value.trim();
    if (query !== this.asked) {
      this.asked = query;
      this.pending = query ? this.showResults(query) : this.showTree();
    }
    return this.pending;
  }

  async searchKey(event) {
    if (event.isComposing || !["ArrowDown", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "ArrowDown") return void this.shown?.focus();
    await this.find();
    const first = this.shown?.current;
    if (!this.asked || this.shownFor !== this.asked || !first) return;
    this.shown.show(first.dataset.code);
    this.shown.focus(first);
  }

  // The list that the server answers with; null after a failure (told, with "Try again") or when asked anew.
  async load(query) {
    this.request?.abort();
    const request = this.request = new AbortController();
    this.failure.hidden = true;
    this.list.setAttribute("aria-busy", "true");
    if (!this.shown) this.say(this.status.dataset.loading);
    try {
      const answer = await fetch(`${this.url}?${new URLSearchParams({ ...(query && { q: query }), fragment: "1" })}`, {
        headers: { Accept: "text/html" }, signal: request.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const root = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".agency-list");
      if (!root) throw new Error("no list");
      if (this.request !== request) return null;
      this.settle(true);
      return document.adoptNode(root);
    } catch {
      if (this.request === request) this.settle(false);
      return null;
    }
  }

  // Nothing is under way any more; an answer that comes late is not heeded.
  settle(well) {
    this.request?.abort();
    this.request = null;
    this.list.removeAttribute("aria-busy");
    this.failure.hidden = well;
    this.say("");
  }

  say(text, warning = false) {
    this.status.textContent = text;
    this.status.classList.toggle("agency-dialog__status--warning", warning);
  }

  choose(item) {
    this.chosen = item;
    if (item) this.picked = item.dataset.code;
    this.take.setAttribute("aria-disabled", String(!item));
    if (item && this.status.textContent === this.status.dataset.pick) this.say("");
  }

  accept() {
    if (!this.chosen) return void this.say(this.status.dataset.pick, true);
    this.code.value = this.chosen.dataset.code;
    this.text.value = this.shown.label(this.chosen);
    remember(this.code.value);
    this.clearError();
    this.code.dispatchEvent(new Event("change", { bubbles: true }));
    this.dialog.close();
  }

  clearError() {
    this.field.classList.remove("field--error");
    this.field.querySelector(".field__error")?.remove();
    this.text.removeAttribute("aria-invalid");
    const described = (this.text.getAttribute("aria-describedby") ?? "").split(" ");
    this.text.setAttribute("aria-describedby", described.filter((id) => document.getElementById(id)).join(" "));
  }
}

const PARTS = ["title", "search", "status", "list", "failure", "retry", "take", "cancel"];

// All that the dialog cannot do without. The syntax of this file asks for a browser of 2020; these came later somewhere,
// or are switched off in some browsers.
const able = () =>
  typeof HTMLDialogElement === "function" && typeof HTMLDialogElement.prototype.showModal === "function" &&
  [window.fetch, window.AbortController, window.DOMParser, window.URLSearchParams, window.matchMedia].every(Boolean) &&
  ["closest", "append", "scrollIntoView"].every((name) => typeof Element.prototype[name] === "function");

// The markup may be an older or a newer page's.
const whole = (field) => {
  const dialog = field.querySelector("[data-agency-dialog]")?.content?.querySelector("dialog");
  return dialog && PARTS.every((name) => dialog.querySelector(`[data-${name}]`)) &&
    ["picker", "code", "label"].every((name) => field.querySelector(`[data-agency-${name}]`));
};

if (able()) for (const field of document.querySelectorAll("[data-agency-field]")) if (whole(field)) new AgencyPicker(field);
