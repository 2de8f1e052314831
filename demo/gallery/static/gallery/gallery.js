// Updates the gallery without reloading. The server renders the cards again, linked like any page.
// A changed card replaces the old one once its picture is loaded and decoded.
"use strict";

(() => {
  const POLL = 1000; // milliseconds
  const HEALTH_POLL = 1500;
  const RETRY = 5000; // after a picture could not be loaded

  const list = document.querySelector("[data-cards]");
  const loading = new Map(); // card id -> the URL that is being loaded for it
  const failed = new Map(); // URL -> when it may be tried again
  let isS3Away = false; // if true, no picture is asked for there
  const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

  // A badge shows where the visible picture came from, not where its link points.

  const isRemote = (img) => new URL(img.currentSrc || img.src).origin !== location.origin;
  const isLoaded = (img) => img.complete && img.naturalWidth > 0;

  function label(card) {
    const img = card.querySelector("img");
    const badge = card.querySelector("[data-badge]");
    if (!img || !badge || !isLoaded(img)) return;
    const text = isRemote(img) ? "S3" : "local";
    if (badge.textContent && badge.textContent !== text) {
      badge.classList.remove("turned");
      void badge.offsetWidth; // or the animation would not start again
      badge.classList.add("turned");
    }
    badge.textContent = text;
    badge.classList.toggle("s3", text === "S3");
    badge.hidden = false;
    const url = document.querySelector("[data-url]");
    if (url) url.textContent = img.currentSrc.split("?")[0];
  }

  function count() {
    const total = document.querySelector("[data-total]");
    if (!total) return;
    const all = list.querySelectorAll(".card:not(.leaving)").length;
    const remote = list.querySelectorAll(".card:not(.leaving) .badge.s3").length;
    total.hidden = all === 0;
    total.querySelector("[data-count]").textContent = remote;
    total.querySelector("[data-all]").textContent = all;
    total.querySelector("[data-track]").style.width = `${(100 * remote) / Math.max(all, 1)}%`;
  }

  function labelAll() {
    list.querySelectorAll(".card").forEach(label);
    count();
  }

  // A loaded picture, or null. It replaces the old one at once, so that nothing flickers.

  async function loaded(fresh) {
    const url = fresh.src;
    if ((isS3Away && isRemote(fresh)) || (failed.get(url) || 0) > Date.now()) return null;
    const img = document.importNode(fresh, true); // it begins to load
    try {
      await img.decode();
      failed.delete(url);
      return img;
    } catch {
      failed.set(url, Date.now() + RETRY);
      return null;
    }
  }

  async function loadedOrLocal(fresh) {
    const img = await loaded(fresh);
    if (img) return img;
    fresh.src = fresh.dataset.local;
    return loaded(fresh);
  }

  async function update(card, fresh) {
    const old = card.querySelector("img");
    const next = fresh.querySelector("img");
    if (old.src === next.src || loading.get(card.id) === next.src) return;
    loading.set(card.id, next.src);
    // If the bytes changed while S3 is away, the local ones are better than the old ones.
    const isNewVersion = new URL(old.src).search !== new URL(next.src).search;
    const img = await (isNewVersion ? loadedOrLocal(next) : loaded(next));
    loading.delete(card.id);
    if (!img) return;
    card.querySelector("img").replaceWith(img);
    const meta = card.querySelector("[data-meta]");
    if (meta) meta.textContent = fresh.querySelector("[data-meta]").textContent;
    label(card);
  }

  async function add(fresh, position) {
    if (loading.has(fresh.id)) return;
    loading.set(fresh.id, "");
    const img = await loadedOrLocal(fresh.querySelector("img"));
    loading.delete(fresh.id);
    if (!img) return;
    const card = document.importNode(fresh, true);
    card.querySelector("img").replaceWith(img);
    card.classList.add("arriving");
    list.insertBefore(card, list.querySelectorAll(".card")[position] || null);
    label(card);
  }

  function remove(card) {
    card.classList.add("leaving");
    setTimeout(() => { card.remove(); count(); }, 300);
  }

  async function apply(text) {
    const fresh = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll(".card")];
    const ids = new Set(fresh.map((card) => card.id));
    list.querySelectorAll(".card:not(.leaving)").forEach((card) => ids.has(card.id) || remove(card));
    const byId = (card) => document.getElementById(card.id);
    await Promise.all(fresh.filter(byId).map((card) => update(byId(card), card)));
    for (const [position, card] of fresh.entries()) {
      if (!byId(card)) await add(card, position);
    }
    count();
  }

  async function refresh() {
    try {
      const response = await fetch(list.dataset.cards);
      if (response.ok) await apply(await response.text());
    } catch {
      // The site does not answer: the page stays as it is.
    }
  }

  async function poll() {
    for (;;) {
      await sleep(POLL);
      if (!document.hidden) await refresh();
    }
  }

  async function pollHealth() {
    for (;;) {
      if (!document.hidden) await showHealth();
      await sleep(HEALTH_POLL);
    }
  }

  async function showHealth() {
    try {
      const health = await (await fetch(document.body.dataset.health)).json();
      isS3Away = !health.s3;
      document.querySelectorAll("[data-server]").forEach((item) => {
        const up = health[item.dataset.server];
        item.classList.toggle("up", up);
        item.classList.toggle("down", !up);
        item.title = up ? "reachable" : "away";
      });
    } catch {
      // As above.
    }
  }

  // What a visitor does

  function toast(text) {
    const message = Object.assign(document.createElement("p"), { textContent: text });
    document.querySelector(".toasts").append(message);
    setTimeout(() => message.remove(), 6000);
  }

  function send(url, field, file, onProgress = () => {}) {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    if (file) body.append(field, file);
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", url);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
      request.onload = () => resolve(problem(request));
      request.onerror = () => resolve("The site did not answer.");
      request.send(body);
    });
  }

  function problem(request) {
    if (request.status === 200) return "";
    try {
      return JSON.parse(request.responseText).errors.join(" ");
    } catch {
      return `The site answered ${request.status}.`;
    }
  }

  async function upload(form, file) {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { textContent: file.name });
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Uploading ${file.name}`);
    item.append(name, bar);
    form.querySelector("[data-uploads]").append(item);
    const error = await send(form.action, "images", file, (share) => { bar.value = share; });
    if (error) toast(`${file.name}: ${error}`);
    item.remove();
  }

  async function uploadAll(form, files) {
    for (const file of files) {
      await upload(form, file);
      refresh();
    }
  }

  function chooseFile() {
    return new Promise((resolve) => {
      const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*" });
      input.onchange = () => resolve(input.files[0]);
      input.click();
    });
  }

  async function overwrite(button) {
    const file = await chooseFile();
    const error = await send(button.dataset.overwrite, "image", file);
    if (error) toast(error);
    refresh();
  }

  function ask(card) {
    const dialog = document.querySelector("[data-ask]");
    dialog.querySelector("[data-name]").textContent = card.querySelector("h2").textContent;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.onclose = () => resolve(dialog.returnValue === "delete");
    });
  }

  async function erase(button) {
    if (!(await ask(button.closest(".card")))) return;
    const error = await send(button.dataset.delete);
    if (error) toast(error);
    refresh();
  }

  function listen() {
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.overwrite) overwrite(button);
      if (button?.dataset.delete) erase(button);
    });
    const form = document.querySelector("[data-upload]");
    if (form) listenToFiles(form);
  }

  function listenToFiles(form) {
    const input = form.querySelector("input[type=file]");
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      uploadAll(form, files);
    });
    const mark = (on) => (event) => {
      event.preventDefault();
      document.body.classList.toggle("dragging", on);
    };
    addEventListener("dragover", mark(true));
    addEventListener("dragleave", mark(false));
    addEventListener("drop", (event) => {
      mark(false)(event);
      uploadAll(form, [...event.dataTransfer.files]);
    });
  }

  document.documentElement.classList.add("scripted");
  pollHealth();
  if (!list) return;
  list.addEventListener("load", labelAll, true);
  labelAll();
  listen();
  poll();
})();
