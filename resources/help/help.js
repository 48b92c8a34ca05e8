/* AgentDesk help page. Apache License 2.0 */
"use strict";
// The address of a link in a mail opens its conversation: it leaves the address bar at once, and is handed over only
// when its reader presses the button. What comes back is kept as the widget keeps it.
(() => {
  const button = document.querySelector("button[data-token]");
  if (!button) return;
  const { token, widget, language } = button.dataset;
  history.replaceState(null, "", `/help/${widget}?language=${language}`);
  button.hidden = false;

  const exchange = async () => {
    const body = JSON.stringify({ token });
    const headers = { "Content-Type": "application/json" };
    try {
      const answer = await fetch("/help/c", { method: "POST", body, headers, credentials: "omit" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  };

  const open = (found) => {
    localStorage.setItem(`agentdesk:${widget}`, JSON.stringify({ token: found.token }));
    const script = document.createElement("script");
    Object.assign(script.dataset, { language, open: "true" });
    script.src = `/chat/v1/${widget}/widget.js?language=${language}`;
    document.body.append(script);
    button.hidden = true;
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    const found = await exchange();
    button.disabled = false;
    document.querySelector("[role=status]").hidden = !!found;
    if (found) open(found);
  });
})();
