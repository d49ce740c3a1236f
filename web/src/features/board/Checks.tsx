import { IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import type { Schemas } from "~/api/ask";
import classes from "./Checks.module.css";

/** The clauses of a gate: what holds and what is missing. */
export function Checks({ checks }: { checks: readonly Schemas["Check"][] }) {
  return (
    <ul className={classes.checks}>
      {checks.map((c) => (
        <li key={c.name} data-ok={c.ok || undefined}>
          {c.ok ? (
            <IconCircleCheckFilled size={16} aria-label="holds" />
          ) : (
            <IconCircleDashed size={16} stroke={2} aria-label="missing" />
          )}
          <span>{c.text}</span>
        </li>
      ))}
    </ul>
  );
}
