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
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form || form.dataset.quote === undefined || event.target.closest("#quote") || event.target.name === "agreed") return;
    clearTimeout(timer);
    timer = setTimeout(() => count(form).catch(() => {}), 250);
  });
})();
