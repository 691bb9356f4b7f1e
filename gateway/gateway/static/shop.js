// The shop with a script: a running total, search while typing, and a draft that is saved as one puts things together.
(() => {
  "use strict";
  const form = document.querySelector("form.shop");
  if (!form) return;
  const french = document.documentElement.lang.startsWith("fr");
  const euros = new Intl.NumberFormat(french ? "fr-FR" : "en-GB", { style: "currency", currency: "EUR" });
  const note = form.querySelector("[data-draft-note]");
  const goods = [...form.querySelectorAll("[data-good]")];
  const field = (good) => good.querySelector("input[name^='q-'], select[name^='q-']");

  // Half cents are rounded up, as the service does it.
  const amount = (good) => {
    const quantity = Math.max(0, Math.floor(Number(field(good)?.value) || 0));
    const [price, grams] = [Number(good.dataset.price) || 0, Number(good.dataset.grams) || 0];
    return grams ? Math.floor((2 * price * quantity * grams + 1000) / 2000) : price * quantity;
  };
  const count = () => {
    let total = 0;
    for (const good of goods) {
      const cents = amount(good);
      total += cents;
      const output = good.querySelector("output");
      if (output) output.textContent = cents ? euros.format(cents / 100) : "";
      good.classList.toggle("good--taken", cents > 0);
    }
    const shown = form.querySelector("[data-total]");
    if (shown) shown.textContent = euros.format(total / 100);
  };

  let timer = 0, saving = Promise.resolve();
  const save = async () => {
    const body = new URLSearchParams(new FormData(form));
    body.set("idempotency_key", crypto.randomUUID?.() || String(Date.now()) + Math.random());
    body.set("act", "draft");
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { "X-Requested-With": "fetch", Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      note.textContent = (await answer.json()).text;
    } catch {
      note.textContent = french ? "Brouillon pas encore enregistré : vérifiez le réseau." : "Draft not saved yet: check the network.";
    }
  };
  form.addEventListener("input", () => {
    count();
    if (!form.dataset.autosave) return;
    clearTimeout(timer);
    timer = setTimeout(() => { saving = saving.then(save); }, 900);
  });
  form.addEventListener("submit", () => clearTimeout(timer));

  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const search = document.querySelector("form[data-shop-search]");
  const filter = () => {
    const words = plain(search.querySelector("input").value).split(/\s+/).filter(Boolean);
    let any = false;
    for (const shelf of form.querySelectorAll("[data-shelf]")) {
      const title = shelf.querySelector("h2").textContent;
      let some = false;
      for (const good of shelf.querySelectorAll("[data-good]")) {
        const found = words.every((word) => plain(`${title} ${good.textContent}`).includes(word));
        good.hidden = !found;
        some ||= found;
      }
      shelf.hidden = !some;
      any ||= some;
    }
    form.querySelector("[data-shop-none]").hidden = any;
  };
  search?.addEventListener("input", filter);
  search?.addEventListener("submit", (event) => event.preventDefault());
  if (search?.querySelector("input").value) filter();
  count();
})();
