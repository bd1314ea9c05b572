// What pages do beyond htmx. Nothing here is needed to use the panel: every link
// and form works without it. The attributes it reads stand in docs/browser.md.
"use strict";

(() => {
  const root = document.documentElement;

  // ---- a refused form: the keyboard goes to the list of what to correct ----

  const focusErrors = () => document.getElementById("errors")?.focus();
  if (root.hasAttribute("data-failed")) focusErrors();
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.response?.status === 422) focusErrors();
  });

  // ---- dialogs: <a href="/page/with/dialog" data-dialog> or data-dialog="id" ----

  async function fetchDialog(href) {
    const answer = await fetch(href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const dialog = page.querySelector("dialog");
    if (!dialog) return null;
    dialog.removeAttribute("open");
    dialog.classList.remove("t-dialog--page");
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    return dialog;
  }

  async function openDialog(link) {
    const here = document.getElementById(link.dataset.dialog);
    try {
      const dialog = here ?? (await fetchDialog(link.href));
      if (dialog) return dialog.showModal();
    } catch {
      // Whatever went wrong, the page itself says it better.
    }
    location.assign(link.href);
  }

  const isPlainClick = (event) =>
    event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

  document.addEventListener("click", (event) => {
    if (!isPlainClick(event)) return;
    const opener = event.target.closest("[data-dialog]");
    const modal = event.target.closest("[data-close]")?.closest("dialog:modal");
    if (!opener && !modal) return;
    event.preventDefault();
    if (modal) modal.close();
    else openDialog(opener);
  });

  // ---- menus close when one looks elsewhere ----

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.t-menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.t-menu[open]");
    closeMenus(null);
    menu?.querySelector("summary").focus();
  });

  // ---- copy: <button data-copy="text" data-copied="Copied"><span>Copy</span></button> ----

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    if (!(await copyText(button.dataset.copy))) return;
    const label = button.querySelector("span");
    const before = label.textContent;
    if (before === button.dataset.copied) return;
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  });

  // Browsers hand out the clipboard on https and localhost only; panels on a
  // plain-http LAN take the old way.
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "visually-hidden";
      document.body.append(area);
      const focused = document.activeElement;
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      focused?.focus();
      return copied;
    }
  }

  // ---- a file dropped on .t-drop goes into its field ----

  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      const zone = event.target.closest?.(".t-drop");
      if (!zone || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const leaves = type === "dragleave" && !zone.contains(event.relatedTarget);
      zone.classList.toggle("t-drop--over", type !== "drop" && !leaves);
      if (type !== "drop") return;
      const field = zone.querySelector("input[type=file]");
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // ---- the theme follows the choice at once; the form makes it last ----

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-theme-choice]")) return;
    if (event.target.value) root.setAttribute("data-bs-theme", event.target.value);
    else root.removeAttribute("data-bs-theme");
  });

  // ---- a live part can be held: <button data-hold="Go on"><span>Pause</span></button>.
  // What comes meanwhile waits; then the reader gets it all ----

  const held = new Map();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-hold]");
    const part = button?.closest("[hx-sse\\:connect]");
    if (!part) return;
    const label = button.querySelector("span");
    [label.textContent, button.dataset.hold] = [button.dataset.hold, label.textContent];
    const letGo = held.get(part)?.letGo;
    if (letGo) {
      held.delete(part);
      letGo();
      return;
    }
    const hold = {};
    hold.until = new Promise((resolve) => { hold.letGo = resolve; });
    held.set(part, hold);
  });
  document.addEventListener("htmx:sse:before:message", (event) => {
    const hold = held.get(event.target);
    if (hold) event.detail.waitUntil(hold.until);
  });

  // ---- live parts: say when they are not live; hx-sse does not try again when
  // the very first connection fails, so that is done here ----

  const isLive = (element) => element?.hasAttribute?.("hx-sse:connect");
  document.addEventListener("htmx:sse:error", (event) => event.target.setAttribute?.("data-stale", ""));
  document.addEventListener("htmx:sse:after:connection", (event) => {
    const { status } = event.detail.connection;
    event.target.toggleAttribute?.("data-stale", status >= 400);
  });
  const connectAgain = (event) => {
    const element = event.detail.ctx.sourceElement;
    const status = event.detail.ctx.response?.status ?? 503;
    if (!isLive(element) || (status < 500 && status !== 429)) return;
    element.setAttribute("data-stale", "");
    setTimeout(() => {
      if (element.isConnected) htmx.ajax("GET", element.getAttribute("hx-sse:connect"), { source: element });
    }, 5000);
  };
  document.addEventListener("htmx:error", connectAgain);
  document.addEventListener("htmx:response:error", connectAgain);
})();
