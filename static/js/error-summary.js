// Takes a person to the error summary, or to a result, when the page opens; and from each of its links to the field.
const summary = document.querySelector("[data-error-summary], [data-result]");

function goTo(event) {
  const link = event.target.closest("a[href^='#']");
  const control = link && document.getElementById(link.hash.slice(1));
  if (!control) return;
  // What this browser cannot do, its own jump to the anchor does.
  if (typeof control.scrollIntoView !== "function" || typeof control.closest !== "function") return;
  event.preventDefault();
  (control.closest(".field") ?? control).scrollIntoView({ block: "start" });
  control.focus({ preventScroll: true });
}

if (summary) {
  summary.focus();
  summary.addEventListener("click", goTo);
}
