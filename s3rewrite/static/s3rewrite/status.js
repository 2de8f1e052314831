// Keeps the figures live without reloading the page. Without this script they stay as loaded.
"use strict";
{
  const PERIOD = 3000; // milliseconds
  const mounts = document.getElementById("s3rewrite-mounts");

  const refresh = async () => {
    // Not while the page is hidden, nor while a button has the focus.
    if (document.hidden || mounts.contains(document.activeElement)) return;
    try {
      const answer = await fetch(mounts.dataset.url, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) mounts.innerHTML = await answer.text();
    } catch {
      // The server does not answer: the next refresh may succeed.
    }
  };

  if (mounts) setInterval(refresh, PERIOD);
}
