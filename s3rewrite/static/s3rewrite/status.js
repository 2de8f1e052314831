// Keeps the figures live without reloading the page. Without it they are those of the last load.
"use strict";
{
  const PERIOD = 3000; // milliseconds
  const mounts = document.getElementById("s3rewrite-mounts");

  const refresh = async () => {
    // Not while nobody looks, nor while somebody is at one of the buttons.
    if (document.hidden || mounts.contains(document.activeElement)) return;
    try {
      const answer = await fetch(mounts.dataset.url, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) mounts.innerHTML = await answer.text();
    } catch {
      // The server is away for a moment: the next look may find it.
    }
  };

  if (mounts) setInterval(refresh, PERIOD);
}
