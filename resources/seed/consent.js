// The shop's consent box: what it says is on the widget's tag, and kept for the next page.
const box = document.getElementById("consent");
const tag = document.querySelector('script[src$="/widget.js"]');
function tell() {
  tag.dataset.consent = String(box.checked);
  localStorage.setItem("consent", tag.dataset.consent);
}
box.checked = localStorage.getItem("consent") === "true";
box.addEventListener("change", tell);
tell();
