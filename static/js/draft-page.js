// One page of the form and its draft: the address that names it, and what is said once the draft has left it behind.
const form = document.querySelector("form[data-save-url]");

// A bare address begins a new declaration: from now on a reload, and the way back, come to this one.
const address = new URL(location.href);
address.searchParams.set("to-khai", new URL(form.action).searchParams.get("to-khai"));
history.replaceState(history.state, "", address.href);

// `html` is templates/registration/_draft_notice.html, made by the server.
form.addEventListener("draft-conflict", ({ detail: { html } }) => {
  const notice = form.querySelector("[data-draft-notice]");
  if (!html || !notice.hidden) return;
  notice.innerHTML = html;
  notice.hidden = false;
});

// The browser's kept copy of a page, as it was before Ghi nhận.
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "draft"]) body.append(name, form.elements.namedItem(name).value);
  try {
    const { status } = await fetch(form.dataset.stateUrl, { method: "POST", body });
    if (status === 409) location.replace(address.href);
  } catch {
    // Offline: what is pressed here says the same.
  }
});
