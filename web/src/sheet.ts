// Mantine's rules come in two parts. This one is for the first load: what the shell and the floor are made of, and it
// is in the order of Mantine's own sheet. Everything else is in sheet-all.ts, which each page but the floor and each
// dialog waits for (see `styled`). A component that the floor shows must be listed here.
import "@mantine/core/styles/baseline.layer.css";
import "@mantine/core/styles/default-css-variables.layer.css";
import "@mantine/core/styles/global.layer.css";
import "@mantine/core/styles/UnstyledButton.layer.css";
import "@mantine/core/styles/VisuallyHidden.layer.css";
import "@mantine/core/styles/Popover.layer.css";
import "@mantine/core/styles/ActionIcon.layer.css";
import "@mantine/core/styles/Burger.layer.css";
import "@mantine/core/styles/Button.layer.css";
import "@mantine/core/styles/Loader.layer.css";
import "@mantine/core/styles/Skeleton.layer.css";
import "@mantine/core/styles/Tooltip.layer.css";

/** Makes a loader of code wait for the rest of Mantine's rules too, so that nothing is shown without its style. */
export function styled<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [module] = await Promise.all([load(), import("./sheet-all")]);
    return module;
  };
}
