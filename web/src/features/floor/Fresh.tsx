import { type ReactNode, useRef } from "react";
import classes from "./Fresh.module.css";

/** A value that lights up for a moment when it changes, and not when it is first seen. */
export function Fresh({ value, children }: { value: string | number; children: ReactNode }) {
  const seen = useRef({ value, changes: 0 });
  if (seen.current.value !== value) seen.current = { value, changes: seen.current.changes + 1 };
  const { changes } = seen.current;
  return (
    <span key={changes} className={changes > 0 ? classes.fresh : undefined}>
      {children}
    </span>
  );
}
