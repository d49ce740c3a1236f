import { useEffect, useEffectEvent } from "react";
import { typing } from "~/lib/key";

/** What a press does: "g b" two keys in a row, "?" one. */
export type Bindings = Readonly<Record<string, () => void>>;

const patience = 1200; // ms between the two keys

/** Listens for single keys and pairs while no field is written in, no dialog is open and no modifier is held. */
export function useKeys(bindings: Bindings): void {
  const act = useEffectEvent((keys: string, event: KeyboardEvent): boolean => {
    const does = bindings[keys];
    if (!does) return false;
    event.preventDefault();
    does();
    return true;
  });
  useEffect(() => {
    let first = "";
    let since = 0;
    // Pairs are heard before all else on the page, so that the second key does not do what it does alone. The time is
    // that of the press: a page that is busy hears it later.
    const pair = (event: KeyboardEvent) => {
      if (!free(event)) return;
      const keys = event.timeStamp - since < patience ? `${first} ${event.key}` : "";
      first = event.key;
      since = event.timeStamp;
      if (!act(keys, event)) return;
      first = "";
      event.stopPropagation();
    };
    const single = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && free(event)) act(event.key, event);
    };
    addEventListener("keydown", pair, true);
    addEventListener("keydown", single);
    return () => {
      removeEventListener("keydown", pair, true);
      removeEventListener("keydown", single);
    };
  }, []);
}

function free(event: KeyboardEvent): boolean {
  if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return false;
  return document.querySelector('[role="dialog"]') === null;
}
