// The form of a subscription in the browser: amount and cheques follow what is chosen. Without this file there is a button for it.
(() => {
  "use strict";
  let timer = 0;
  const count = async (form) => {
    const body = new FormData(form);
    body.set("act", "quote");
    const answer = await fetch(form.action || location.href, { method: "POST", body: new URLSearchParams(body), headers: { "X-Requested-With": "fetch" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("quote");
    const shown = document.getElementById("quote");
    if (fresh && shown && !shown.contains(document.activeElement)) shown.replaceWith(fresh);
  };
  const soon = (form) => {
    clearTimeout(timer);
    timer = setTimeout(() => count(form).catch(() => {}), 250);
  };
  const counts = (field) => field.name && field.name !== "agreed" && !field.closest("#quote");
  const touched = (field) => {
    if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
    if (field.type === "select-one") return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.value !== field.defaultValue;
  };
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.dataset.quote !== undefined && counts(event.target)) soon(form);
  });
  // What was chosen before this file had come, or comes back from a draft, counts as well.
  const look = (form) => { if ([...form.elements].some((field) => counts(field) && touched(field))) soon(form); };
  document.addEventListener("restored", (event) => { if (event.target.dataset.quote !== undefined) look(event.target); });
  document.querySelectorAll("form[data-quote]").forEach(look);
})();
