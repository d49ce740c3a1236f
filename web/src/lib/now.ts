import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let current = Date.now();

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  if (timer === undefined) {
    current = Date.now();
    timer = setInterval(() => {
      current = Date.now();
      for (const tell of listeners) tell();
    }, 10_000);
  }
  return () => {
    listeners.delete(changed);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present moment in milliseconds, moving every ten seconds; one timer serves the whole page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => current);
}
