// Puts local URLs in place of those that do not come from S3: of what fails, and of what hangs.
// An origin hangs when nothing has come from it for a while, though something is awaited. From then
// on all that is awaited from there is led to this site. What has loaded, or loads, is left alone.
// It is no module, nor deferred: it has to be there before the first element that may fail.
"use strict";
{
  const LOOK = 250; // milliseconds between two looks while something is awaited; else four times that
  const PATIENCE = 3500; // milliseconds, at least
  const AWAITED = "img, video, audio, link[rel~=stylesheet]";
  const SIGNATURE = `(?:\\?(?:X-Amz-|Expires=)[^\\s,"'#]*)?`; // what opens a private file
  const VERSION = /\.[0-9a-f]{12}(?=(\.[^./]*)?$)/; // of a name, under KEYS = "fingerprint"

  // The mounts: their public and their local prefix, and whether names carry a version.
  const mounts = JSON.parse(decodeURIComponent(document.currentScript.dataset.mounts)).map(
    ([shown, local, versioned]) => {
      const quoted = shown.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/^\/\//, "(?:https?:)?//");
      const { href, origin } = new URL(shown, location);
      return { href, origin, local, versioned, pattern: new RegExp(`${quoted}([^\\s,"'?#]*)${SIGNATURE}`, "g") };
    });
  const lives = {}; // origin -> when something came from there
  const dead = new Set(); // the origins that hang
  const seen = new WeakMap(); // element -> when it was first awaited, and whether it has begun
  const posters = new WeakMap(); // video -> the image that stands for its poster
  let lookedAt = 0, wokeAt = 0;

  // More than PATIENCE on a slow line, by what this page itself took to connect and to come.
  function patience() {
    const { connectEnd = 0, fetchStart = 0, responseEnd = 0, responseStart = 0 } =
      performance.getEntriesByType("navigation")[0] || {};
    return Math.max(PATIENCE, 4 * (connectEnd - fetchStart + responseEnd - responseStart));
  }

  const originOf = (url) => mounts.find(({ href }) => url.startsWith(href))?.origin;
  const localized = (text) => mounts.reduce((result, { pattern, local, versioned }) => result.replace(
    pattern, (_, path) => local + (versioned ? path.replace(VERSION, "") : path)), text);

  function lead(element) {
    const names = ["srcset", "src", "poster", "href"].filter((name) => {
      const text = element.getAttribute(name);
      return text && localized(text) !== text;
    });
    for (const name of names) element.setAttribute(name, localized(element.getAttribute(name)));
    return names.length > 0;
  }

  function heal(element) {
    if (element.matches("link, script")) { // which load once: another one takes the place
      const fresh = document.createElement(element.localName);
      for (const { name, value } of element.attributes) fresh.setAttribute(name, value);
      Object.assign(fresh, { async: element.async, nonce: element.nonce });
      if (lead(fresh)) element.replaceWith(fresh);
    } else {
      const parts = element.closest("picture, video, audio")?.querySelectorAll("source") || [];
      const isLed = [...parts, element].map(lead).includes(true);
      if (isLed && element.load) element.load();
    }
    document.querySelectorAll("link[rel~=icon]").forEach(lead); // which tell nobody how they fared
  }

  function hear({ type, target }) {
    const url = target.currentSrc || target.src || target.href;
    const origin = typeof url === "string" && originOf(url);
    if (!origin) return;
    if (type === "load") lives[origin] = performance.now();
    else heal(target.closest("video, audio") || target);
  }

  // A poster tells nobody, either: an image of the same URL stands for it.
  function posterOf(video) {
    if (!originOf(video.poster || "")) return null;
    if (!posters.has(video)) posters.set(video, Object.assign(new Image(), { src: video.poster }));
    return posters.get(video);
  }

  const isNear = (box) => box && box.bottom >= 0 && box.top <= innerHeight;

  // The URL that an element waits for.
  function awaited(element) {
    if (element.localName === "link") return element.sheet || element.disabled ? "" : element.href;
    if (element.load) return element.networkState === 2 && !element.readyState ? element.currentSrc : "";
    // What is hidden, or far away, is not loaded yet.
    const isPostponed = element.loading === "lazy" && !isNear(element.getClientRects()[0]);
    return element.complete || isPostponed ? "" : element.currentSrc || element.src;
  }

  function check(element, url, now, healed = element) {
    const origin = originOf(url);
    if (!origin) return false;
    const known = seen.get(element) || { since: now };
    seen.set(element, known);
    // The size of a picture comes with its first bytes, which are a sign of life.
    if (element.naturalWidth && !known.began) known.began = lives[origin] = now;
    const limit = patience() * (known.began ? 3 : 1);
    if (now - Math.max(known.since, wokeAt, lives[origin] || 0) > limit) dead.add(origin);
    if (dead.has(origin)) heal(healed);
    return true;
  }

  function look() {
    const now = performance.now();
    if (now - lookedAt > 40 * LOOK) wokeAt = now; // the machine slept, or the page was in the background
    lookedAt = now;
    let isWaiting = document.readyState === "loading";
    for (const element of document.querySelectorAll(AWAITED)) {
      const poster = posterOf(element);
      if (poster?.complete && !poster.naturalWidth) lead(element);
      if (poster && !poster.complete) isWaiting = check(poster, poster.src, now, element) || isWaiting;
      else isWaiting = check(element, awaited(element), now) || isWaiting;
    }
    setTimeout(look, isWaiting ? LOOK : 4 * LOOK);
  }

  addEventListener("load", hear, true);
  addEventListener("error", hear, true);
  look();
}
