// While a form with photos is on its way over a slow line, say so. The server takes a second press for the first.
const form = document.querySelector("form[data-busy]");

form?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.name !== "submit-declaration") return;
  const shown = form.querySelector(".actions button[name='submit-declaration']");
  if (!shown) return;
  shown.dataset.label = shown.textContent;
  shown.textContent = form.dataset.busy;
  shown.setAttribute("aria-busy", "true");
});

// Back from the receipt: the page may be the browser's kept copy.
window.addEventListener("pageshow", () => {
  const shown = form?.querySelector("button[aria-busy]");
  if (!shown) return;
  shown.textContent = shown.dataset.label;
  shown.removeAttribute("aria-busy");
});
