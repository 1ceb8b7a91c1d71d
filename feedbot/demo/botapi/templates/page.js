// Fetches the page again when something happened, and keeps what is being typed.
const every = 1200;
let version = document.body.dataset.version;

const list = () => document.getElementById("messages");
const toEnd = () => { const box = list(); if (box) box.scrollTop = box.scrollHeight; };

async function look() {
  try {
    const state = await (await fetch("/state.json")).json();
    if (String(state.version) !== version) {
      const text = await (await fetch(location.pathname + location.search)).text();
      const fresh = new DOMParser().parseFromString(text, "text/html");
      const box = list();
      const atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 120;
      document.querySelector("nav").replaceWith(fresh.querySelector("nav"));
      if (box && fresh.getElementById("messages")) box.replaceWith(fresh.getElementById("messages"));
      version = fresh.body.dataset.version;
      if (atEnd) toEnd();
    }
  } catch { /* the server stopped; the page stays as it was */ }
  setTimeout(look, every);
}

toEnd();
addEventListener("load", toEnd);
setTimeout(look, every);
