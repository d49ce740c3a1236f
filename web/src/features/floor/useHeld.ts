import { type HTMLAttributes, useRef, useState } from "react";

/**
 * A list that does not move while it is pointed at or has the focus. `fresh` counts what has come meanwhile; `holder`
 * goes onto the element around it.
 */
export function useHeld<T>(list: readonly T[], key: (row: T) => string) {
  const [held, setHeld] = useState(false);
  const kept = useRef(list);
  if (!held) kept.current = list;
  const shown = kept.current;
  const known = new Set(shown.map(key));
  const fresh = held ? list.filter((row) => !known.has(key(row))).length : 0;
  const holder: HTMLAttributes<HTMLElement> = {
    onPointerEnter: (e) => e.pointerType === "mouse" && setHeld(true),
    onPointerLeave: () => setHeld(false),
    onFocus: () => setHeld(true),
    onBlur: (e) => {
      if (!e.currentTarget.contains(e.relatedTarget)) setHeld(false);
    },
  };
  return { shown, fresh, holder };
}
