// "Hiện mật khẩu": a toggle button beside each password field, made from the page's template.

const pattern = document.querySelector("template[data-show-password]");

function offer(input) {
  const button = pattern.content.firstElementChild.cloneNode(true);
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  const label = document.querySelector(`label[for="${input.id}"]`);
  if (label) {
    // A page may have three of them: each tells which field it is for.
    if (!label.id) label.id = `${input.id}_label`;
    button.setAttribute("aria-describedby", label.id);
  }
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => show(input.type === "password"));
  // Sent as a password field: browsers keep what is typed into text fields for the next person.
  input.form?.addEventListener("submit", () => show(false));
  addEventListener("pagehide", () => show(false));
  const row = Object.assign(document.createElement("div"), { className: "password-row" });
  input.replaceWith(row);
  row.append(input, button);
}

const able = pattern?.content && ["replaceWith", "append"].every((name) => typeof Element.prototype[name] === "function");
if (able) for (const input of document.querySelectorAll("input[type=password]")) offer(input);
