// What autosave could not send yet: kept in this browser, one record a draft under the key of its address, until the
// server has it, and never longer than the draft's own hours. Typed text only; photos have to be chosen again.
// A page with [data-kept-list] offers what other pages of this browser left behind.

const PREFIX = "to-khai:";
const [MOST, LONGEST] = [8, 2000];

// Storage may be off or full: then nothing is kept, as without this module.
const storage = () => { try { return window.localStorage ?? null; } catch { return null; } };

function read(name) {
  try {
    const record = JSON.parse(storage().getItem(name));
    const whole = record && record.ends > Date.now() && [record.base, record.typed].every((part) => typeof part === "object");
    return whole ? record : null;
  } catch {
    return null;
  }
}

function remove(name) { try { storage().removeItem(name); } catch { /* see above */ } }

const names = () => { try { return Object.keys(storage()).filter((name) => name.startsWith(PREFIX)); } catch { return []; } };

// The keys of what is kept, the latest first. What is over, damaged, or more than anybody needs is removed.
export function keys() {
  const records = names().map((name) => [name, read(name)]);
  for (const [name, record] of records) if (!record) remove(name);
  const sound = records.filter(([, record]) => record).sort((one, other) => other[1].ends - one[1].ends);
  for (const [name] of sound.splice(MOST)) remove(name);
  return sound.map(([name]) => name.slice(PREFIX.length));
}

export const find = (key) => read(PREFIX + key);
export const drop = (key) => remove(PREFIX + key);

// `typed` and `base` (what the server had) by field; `photos` are the kinds of those that were on their way.
export function keep(key, { typed, base, label, photos, hours }) {
  const cut = (texts) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.slice(0, LONGEST)]));
  const record = { ends: Date.now() + hours * 3600_000, typed: cut(typed), base: cut(base), label: label.slice(0, 200), photos };
  try { storage().setItem(PREFIX + key, JSON.stringify(record)); } catch { /* see above */ }
}

function offer(list) {
  const body = list.querySelector("ul");
  const line = list.querySelector("template").content;
  const there = (key) => document.querySelector(`form[action$="to-khai=${key}"], a[href$="to-khai=${key}"]`);
  const left = keys().filter((key) => /^[a-z0-9]+$/.test(key) && !there(key));
  for (const key of left) {
    const item = line.cloneNode(true).firstElementChild;
    item.querySelector("a").href = list.dataset.keptList + key;
    item.querySelector("button").addEventListener("click", () => {
      drop(key);
      item.remove();
      list.hidden = !body.children.length;
    });
    body.append(item);
  }
  list.hidden = !left.length;
}

// "Xóa" in the list of drafts that the server has.
document.addEventListener("submit", ({ target }) => {
  const address = target.closest(".offer")?.querySelector("a")?.href;
  if (address) drop(new URL(address).searchParams.get("to-khai"));
});

const list = document.querySelector("[data-kept-list]");
if (list) offer(list);
