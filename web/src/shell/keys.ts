import { useEffect } from "react";
import { typing } from "~/lib/key";

/** What a press does: "g b" two keys in a row, "?" one. */
export type Bindings = Readonly<Record<string, () => void>>;

const patience = 1200; // ms between the two keys

/** Listens for single keys and pairs while no field is written in, no dialog is open and no modifier is held. */
export function useKeys(bindings: Bindings): void {
  useEffect(() => {
    let first = "";
    let since = 0;
    const press = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || typing(event.target))
        return;
      if (document.querySelector('[role="dialog"]')) return;
      const pair = Date.now() - since < patience ? `${first} ${event.key}` : "";
      const act = bindings[pair] ?? bindings[event.key];
      first = act ? "" : event.key;
      since = Date.now();
      if (act) {
        event.preventDefault();
        act();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [bindings]);
}
