// Runs before the first paint so that a page never flashes in the wrong scheme.
(() => {
  let scheme = null;
  try {
    scheme = localStorage.getItem("factory-scheme");
  } catch {
    // Storage may be forbidden; the system's preference decides then.
  }
  if (scheme !== "light" && scheme !== "dark") {
    scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
