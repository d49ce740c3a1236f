import { StatusIcon } from "~/ui/Status";
import type { Link } from "./compose";
import classes from "./Links.module.css";

/** How requirements are met. */
export function Links({ links }: { links: readonly Link[] }) {
  return (
    <ul className={classes.links}>
      {links.map((l) => (
        <li key={`${l.component} ${l.name}`}>
          <StatusIcon state={l.by ? "done" : "failed"} size={16} />
          <span>
            <b>
              {l.component} {l.release}
            </b>{" "}
            requires <code>{l.name}</code> <code>{l.constraint}</code>
            {l.by ? (
              <>
                : <b>{`${l.by} ${l.byRelease ?? ""}`}</b> provides <code>{l.provides}</code>
              </>
            ) : (
              ": nothing provides it, nor did before"
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
