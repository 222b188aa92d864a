// What htmx does not do on the desk: a countdown, drafts that survive, and saying so when the connection is lost.
// Everything else is plain forms and pages read again.
"use strict";

(() => {
  const SECOND = 1000;
  const DRAFT = "draft:";
  const SENT = "sent";
  let offset = 0; // how far this machine's clock is from the service's, in ms
  let tries = new Set(); // offers whose time ran out, each asked about once

  const desk = () => document.getElementById("live");

  function setClock() {
    const now = Number(desk()?.dataset.now);
    if (now) offset = now - Date.now();
  }

  function clockText(left) {
    const seconds = Math.ceil(left / SECOND);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function count() {
    for (const part of document.querySelectorAll("[data-ends]")) {
      const ends = Number(part.dataset.ends);
      const left = Math.max(0, ends - (Date.now() + offset));
      part.querySelector("progress").value = left / SECOND;
      part.querySelector("[data-until]").hidden = true;
      const shown = part.querySelector("[data-left]");
      shown.hidden = false;
      const text = clockText(left);
      const clock = shown.querySelector("bdi");
      if (clock.textContent !== text) clock.textContent = text;
      if (left === 0 && !tries.has(ends)) {
        tries.add(ends);
        setTimeout(() => htmx.trigger(desk(), "renew"), SECOND);
      }
    }
  }

  // A draft is thrown away only by the page that says that it was taken.
  function forgetWhatWasSent() {
    const name = sessionStorage.getItem(SENT);
    if (name && document.querySelector("#word[role=status]")) sessionStorage.removeItem(DRAFT + name);
    sessionStorage.removeItem(SENT);
  }

  function restoreDrafts() {
    for (const field of document.querySelectorAll("textarea[data-draft]")) {
      const kept = sessionStorage.getItem(DRAFT + field.dataset.draft);
      if (kept && !field.value) field.value = kept;
    }
  }

  function keepDraft(event) {
    const name = event.target.dataset?.draft;
    if (!name) return;
    if (event.target.value) sessionStorage.setItem(DRAFT + name, event.target.value);
    else sessionStorage.removeItem(DRAFT + name);
  }

  function sent(event) {
    const field = event.target.querySelector("textarea[data-draft]");
    if (field) sessionStorage.setItem(SENT, field.dataset.draft);
    // A second press while the first is under way would only be answered with "not any more".
    setTimeout(() => event.target.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
    setTimeout(() => event.target.querySelectorAll("button").forEach((button) => { button.disabled = false; }), 5 * SECOND);
  }

  function trouble(is) {
    const word = document.querySelector("#trouble .word");
    if (word) word.hidden = !is;
  }

  document.addEventListener("input", keepDraft);
  document.addEventListener("submit", sent);
  document.addEventListener("htmx:after:swap", () => { setClock(); count(); restoreDrafts(); });
  document.addEventListener("htmx:error", () => trouble(true));
  document.addEventListener("htmx:response:error", () => trouble(true));
  document.addEventListener("htmx:sse:error", () => trouble(true));
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx?.response?.status < 400) trouble(false);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  window.addEventListener("offline", () => trouble(true));

  setClock();
  forgetWhatWasSent();
  restoreDrafts();
  count();
  setInterval(count, SECOND / 4);
  document.getElementById("word")?.focus({ preventScroll: Boolean(location.hash) });
})();
