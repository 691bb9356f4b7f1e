// The till: the sum of a count while one types, and the change to give back. Pages work without this file.
(() => {
  "use strict";
  const french = document.documentElement.lang.startsWith("fr");
  const money = (cents, signed) => {
    const text = new Intl.NumberFormat(french ? "fr-FR" : "en-GB", { style: "currency", currency: "EUR" }).format(Math.abs(cents) / 100);
    return (cents < 0 ? "−" : signed && cents > 0 ? "+" : "") + text;
  };
  const cents = (text) => {
    const found = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.replace(/[\s€]/g, ""));
    return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0") || 0) : null;
  };
  const count = (form) => {
    let sum = 0;
    let typed = false;
    form.querySelectorAll("[data-cents]").forEach((field) => {
      const pieces = Number(field.value.replace(/\s/g, "") || 0);
      const amount = Number.isInteger(pieces) ? pieces * Number(field.dataset.cents) : 0;
      typed ||= field.value !== "";
      sum += amount;
      field.parentElement.querySelector("[data-coin-sum]").textContent = amount ? money(amount) : "";
    });
    form.querySelector("[data-sum]").textContent = typed ? money(sum) : "–";
    const difference = sum - Number(form.dataset.expected);
    form.querySelector("[data-difference]").textContent = typed ? ` · ${french ? "écart" : "difference"} : ${money(difference, true)}` : "";
  };
  const change = (form) => {
    const [amount, tendered] = ["amount", "tendered"].map((name) => cents(form.elements[name].value));
    const out = form.querySelector("[data-change-out]");
    const left = amount !== null && tendered !== null ? tendered - amount : null;
    out.textContent = left === null ? "" : left < 0 ? `${french ? "Il manque" : "Missing"} ${money(-left)}` : `${french ? "À rendre :" : "Change:"} ${money(left)}`;
  };
  const look = (event) => {
    const form = event.target.closest?.("form");
    if (form?.dataset.count !== undefined) count(form);
    if (form?.dataset.change !== undefined) change(form);
  };
  document.addEventListener("input", look);
  document.addEventListener("restored", look);
  // What was typed before this file had come counts as well.
  document.querySelectorAll("form[data-count]").forEach(count);
  document.querySelectorAll("form[data-change]").forEach(change);
})();
