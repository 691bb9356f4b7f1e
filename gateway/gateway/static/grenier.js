// Grenier in the browser. Everything works without this file; with it, forms answer without a new page, what people
// type is kept, lists filter while they type, and open screens follow what others do. Attributes:
//   form[data-enhance]     send by fetch and swap <main> (or the element named by data-enhance="#id")
//   form[data-draft=key]   keep what is typed in this browser until it was sent, also across a lost session
//   form[data-filter=id]   hide the rows and items of #id that do not contain the words
//   form[data-confirm=…]   ask first      [data-print] print      [data-quantity] minus and plus
//   [data-live="a. b-"]    reload this element (it needs an id) when an event whose type or subject begins so arrives
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  const french = document.documentElement.lang.startsWith("fr");
  const say = (fr, en) => (french ? fr : en);
  document.documentElement.classList.add("scripted");

  // One line on top while something takes longer than a moment.
  let waiting = 0;
  const busy = async (work) => {
    const line = Object.assign(document.createElement("div"), { className: "busy-line" });
    const timer = setTimeout(() => document.body.append(line), 300);
    waiting += 1;
    try { return await work(); } finally { waiting -= 1; clearTimeout(timer); line.remove(); }
  };

  let shown = location.pathname + location.search;

  // Forms that answer in place. On any doubt the browser sends them in the ordinary way.
  const send = async (form, submitter) => {
    const target = form.dataset.enhance || "#main";
    const body = new FormData(form, submitter);
    const method = (form.getAttribute("method") || "get").toUpperCase();
    const address = new URL(form.action, location.href);
    if (method === "GET") address.search = new URLSearchParams(body);
    const answer = await busy(() => fetch(address, { method, body: method === "GET" ? undefined : new URLSearchParams(body), headers: { "X-Requested-With": "fetch" } }));
    const page = parse(await answer.text());
    const fresh = $(target, page);
    if (!fresh || !$(target)) { location.assign(answer.url); return; }
    if (answer.ok) forget(form);
    if (answer.redirected || method === "GET") history.pushState({}, "", answer.url);
    shown = location.pathname + location.search;
    document.title = page.title;
    renewTokens(page);
    $(target).replaceWith(fresh);
    prepare(fresh);
    ($("[data-focus]", fresh) || $("#main")).focus({ preventScroll: !$("[data-focus]", fresh) });
  };
  const renewTokens = (page) => {
    const token = $("meta[name=csrf-token]", page)?.content;
    if (!token) return;
    $("meta[name=csrf-token]").content = token;
    all("input[name=csrf_token]").forEach((field) => { field.value = token; });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) { event.preventDefault(); return; }
    const button = event.submitter;
    if (button?.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    if (form.dataset.enhance === undefined || form.enctype === "multipart/form-data") return;
    event.preventDefault();
    button?.setAttribute("aria-busy", "true");
    send(form, button).catch(() => form.submit()).finally(() => button?.removeAttribute("aria-busy"));
  });
  // Back to an address that a form left in place; links within the page change only the fragment.
  window.addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

  // Drafts: what is typed survives a closed tab, a lost network and a lost session; it is forgotten once it was sent.
  const person = document.body.dataset.person;
  const draftName = (form) => `draft:${person}:${form.dataset.draft}`;
  const kept = (field) => field.name && !["hidden", "password", "file", "submit"].includes(field.type);
  const remember = (form) => {
    const fields = [...form.elements].filter(kept).map((f) => [f.name, ["checkbox", "radio"].includes(f.type) ? [f.value, f.checked] : f.value]);
    try { localStorage.setItem(draftName(form), JSON.stringify({ at: Date.now(), fields })); } catch { /* a full store loses only the convenience */ }
    const note = $("[data-draft-note]", form);
    if (note) note.textContent = say("Brouillon gardé sur cet appareil.", "Draft kept on this device.");
  };
  const forget = (form) => { if (form.dataset.draft) localStorage.removeItem(draftName(form)); };
  const restore = (form) => {
    let draft = null;
    try { draft = JSON.parse(localStorage.getItem(draftName(form)) || "null"); } catch { /* unreadable: as if there were none */ }
    if (!draft || Date.now() - draft.at > 30 * 864e5 || form.querySelector("[aria-invalid]")) return;
    for (const [name, value] of draft.fields) {
      for (const field of [...form.elements].filter((f) => f.name === name && kept(f))) {
        if (Array.isArray(value)) { if (field.value === value[0]) field.checked = value[1]; } else field.value = value;
      }
    }
    form.dispatchEvent(new Event("restored", { bubbles: true }));
  };
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft) { clearTimeout(form.draftTimer); form.draftTimer = setTimeout(() => remember(form), 400); }
    if (form?.dataset.filter) filter(form);
  });
  document.addEventListener("submit", (event) => {
    // An ordinary form leaves the page: its draft goes when the next page is not the login.
    if (event.target.dataset.draft && event.target.dataset.enhance === undefined) sessionStorage.setItem("sent", draftName(event.target));
  });
  const settle = () => {
    const name = sessionStorage.getItem("sent");
    if (name && person && !$("[data-focus]") && !$("input[name=kept]")) localStorage.removeItem(name);
    sessionStorage.removeItem("sent");
  };

  // Lists that filter while one types, without accents and capitals.
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const filter = (form) => {
    const list = document.getElementById(form.dataset.filter);
    const words = plain($("input[type=search]", form).value).split(/\s+/).filter(Boolean);
    const rows = list ? all(list.tagName === "TABLE" ? ":scope > tbody > tr" : ":scope > li, :scope > [data-row]", list) : [];
    rows.forEach((row) => { row.hidden = !words.every((word) => plain(row.textContent).includes(word)); });
    const foot = list && $("tfoot", list);
    if (foot) foot.hidden = words.length > 0; // a total of everything beside some rows would mislead
  };

  // Minus and plus beside small numbers.
  const steps = (box) => {
    const field = $("input", box);
    const make = (sign, word) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign, className: `quantity__step quantity__step--${sign === "+" ? "more" : "less"}` });
      button.setAttribute("aria-label", `${word} : ${field.getAttribute("aria-label")}`);
      button.addEventListener("click", () => {
        sign === "+" ? field.stepUp() : field.stepDown();
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      return button;
    };
    if ($("button", box)) return;
    field.before(make("–", say("Moins", "Less")));
    field.after(make("+", say("Plus", "More")));
  };

  // Open screens follow the log: elements marked data-live are fetched again when something of theirs happened.
  let source = null;
  const listen = () => {
    const address = document.body.dataset.stream;
    if (!address || source || !window.EventSource || !$("[data-live]")) return;
    source = new EventSource(address, { withCredentials: true });
    source.addEventListener("message", (event) => heard(JSON.parse(event.data)));
    source.addEventListener("open", () => { pause = FIRST_PAUSE_MS; });
    // Without room at the server the browser gives up for good: we come back, and catch up with what was missed.
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(again, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    });
  };
  const FIRST_PAUSE_MS = 15e3, LONGEST_PAUSE_MS = 300e3;
  let pause = FIRST_PAUSE_MS;
  const again = () => {
    listen();
    source?.addEventListener("open", () => {
      all("[data-live][id]").forEach((element) => pending.add(element.id));
      if (pending.size) refresh();
    }, { once: true });
  };
  window.addEventListener("pagehide", () => { source?.close(); source = null; });
  window.addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  let timer = 0;
  const pending = new Set();
  const heard = (event) => {
    for (const element of all("[data-live][id]")) {
      const wanted = element.dataset.live.split(/\s+/);
      if (wanted.some((w) => w === "*" || `.${event.type}/${event.subject}`.match(new RegExp(`[./]${w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`)))) pending.add(element.id);
    }
    if (pending.size) { clearTimeout(timer); timer = setTimeout(refresh, 600); }
  };
  const refresh = async () => {
    const ids = [...pending];
    pending.clear();
    const answer = await fetch(location.href, { headers: { "X-Requested-With": "live" } }).catch(() => null);
    if (!answer?.ok) return;
    const page = parse(await answer.text());
    for (const id of ids) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (!old || !fresh || old.contains(document.activeElement) || old.innerHTML === fresh.innerHTML) continue;
      old.replaceWith(fresh);
      fresh.classList.add("fresh");
      prepare(fresh);
    }
  };

  const prepare = (root) => {
    all("form[data-draft]", root).forEach(restore);
    all("form[data-filter]", root).forEach((form) => { if ($("input[type=search]", form)?.value) filter(form); });
    all("[data-quantity]", root).forEach(steps);
    all("[data-print]", root).forEach((button) => { button.hidden = false; button.onclick = () => window.print(); });
    $("[data-focus]", root)?.focus();
    listen();
  };
  document.addEventListener("click", (event) => {
    all("details.menu[open], details.help[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") all("details.menu[open], details.help[open]").forEach((menu) => { menu.open = false; $("summary", menu).focus(); });
  });
  settle();
  prepare(document);
  // An address that ends in #main would take the focus back from what went wrong.
  if (location.hash) window.addEventListener("load", () => setTimeout(() => $("[data-focus]")?.focus()));
})();
