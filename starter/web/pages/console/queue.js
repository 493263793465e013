// The queue without a reload. Asks for its groups every few seconds and puts them in the place of the old ones; focus, scroll and what is
// being selected stay. Rests while nobody looks, asks less often when it is not answered. Without it the page has a link to reload.
(() => {
  "use strict";
  const queue = document.getElementById("queue");
  if (!queue || !window.fetch || !window.AbortController) return;
  const said = document.getElementById("queue-said");
  const trouble = document.getElementById("queue-trouble");
  const every = Number(queue.dataset.every) * 1000;
  const LONGEST = 120000; // between two questions that are not answered
  const PATIENCE = 8000; // for one answer; the server itself gives up later
  const NEW_FOR = 12000; // how long a new row is marked
  let failures = 0;
  let timer = 0;
  let asking = null;
  let held = false; // a mouse button or finger is down

  const rows = (within) => new Map([...within.querySelectorAll("[data-needs] [data-key]")].map((row) => [row.dataset.key, row]));
  let known = new Set(rows(queue).keys());

  const later = (wait) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, wait);
  };

  async function ask() {
    if (asking || document.hidden) return;
    asking = new AbortController();
    const patience = setTimeout(() => asking.abort(), PATIENCE);
    try {
      const answer = await fetch(queue.dataset.live, { redirect: "error", cache: "no-store", signal: asking.signal });
      if (answer.status === 401) return over();
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      failures = 0;
      trouble.hidden = true;
      if (!held && !selecting()) swap(text);
      later(every);
    } catch {
      failures += 1;
      if (failures > 2) tell("The queue is not live at the moment. It goes on by itself.");
      // Not all at once when the server is back.
      later(Math.min(LONGEST, every * 2 ** failures) * (0.75 + Math.random() / 2));
    } finally {
      clearTimeout(patience);
      asking = null;
    }
  }

  function over() {
    tell("Your session has ended: the queue stands still. ");
    const link = document.createElement("a");
    link.href = queue.querySelector("[data-reload]").href;
    link.textContent = "Sign in again";
    trouble.append(link);
  }

  function tell(words) {
    if (!trouble.hidden && trouble.firstChild && trouble.firstChild.data === words) return;
    trouble.textContent = words;
    trouble.hidden = false;
    said.textContent = words;
  }

  function selecting() {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && queue.contains(selection.anchorNode);
  }

  // Where the focus is, in words that hold for the next content, too: the row and the address of its link, or an id.
  function place(element) {
    if (!element || !queue.contains(element)) return null;
    const row = element.closest("[data-key]");
    const href = element.getAttribute("href");
    if (row) return () => [...queue.querySelectorAll("[data-key]")].find((one) => one.dataset.key === row.dataset.key)?.querySelector("a");
    if (element.id) return () => document.getElementById(element.id);
    if (element.hasAttribute("data-reload")) return () => queue.querySelector("[data-reload]");
    return () => [...queue.querySelectorAll("a")].find((one) => one.getAttribute("href") === href);
  }

  function anchor() {
    if (window.scrollY === 0) return null;
    for (const row of queue.querySelectorAll("[data-key], h2")) {
      const top = row.getBoundingClientRect().top;
      if (top >= 0) return { key: row.dataset.key, id: row.id, top };
    }
    return null;
  }

  function swap(text) {
    const focused = place(document.activeElement);
    const stood = anchor();
    queue.innerHTML = text; // of our own server, escaped there; the policy of the page lets no script in it run
    if (stood) {
      const now = stood.key ? [...queue.querySelectorAll("[data-key]")].find((one) => one.dataset.key === stood.key) : document.getElementById(stood.id);
      if (now) window.scrollBy({ top: now.getBoundingClientRect().top - stood.top, behavior: "instant" });
    }
    const target = focused && focused();
    if (target) target.focus({ preventScroll: true });
    announce();
  }

  function announce() {
    const present = rows(queue);
    const fresh = new Map();
    for (const [key, row] of present) {
      if (known.has(key)) continue;
      row.classList.add("new");
      setTimeout(() => row.classList.remove("new"), NEW_FOR);
      const group = row.closest("[data-group]").dataset.group;
      fresh.set(group, (fresh.get(group) || 0) + 1);
    }
    known = new Set(present.keys());
    const sum = [...fresh.values()].reduce((all, one) => all + one, 0);
    if (sum) said.textContent = `${sum} new in the queue: ${[...fresh].map(([group, number]) => `${number} ${group.toLowerCase()}`).join(", ")}`;
    const waiting = [...queue.querySelectorAll("[data-needs] .number")].reduce((all, one) => all + parseInt(one.textContent, 10), 0);
    document.title = document.title.replace(/^(\([^)]*\) )?/, waiting ? `(${waiting}) ` : "");
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : later(0)));
  document.addEventListener("pointerdown", () => { held = true; });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { held = false; });
  later(every);
})();
