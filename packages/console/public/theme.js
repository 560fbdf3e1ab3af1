// Runs before the first paint, so that no page flashes in the other theme. A file of its own: inline script is refused.
(() => {
  const root = document.documentElement;
  let chosen = null;
  try {
    chosen = localStorage.getItem("mandate.theme");
    root.dataset.density = localStorage.getItem("mandate.density") === "comfortable" ? "comfortable" : "compact";
  } catch {
    // Storage refused: the system's theme it is.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    root.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", () => {
    if (chosen !== "light" && chosen !== "dark") apply();
  });
  addEventListener("mandate:theme", (event) => {
    chosen = event.detail;
    apply();
  });
})();
