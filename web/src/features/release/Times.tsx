import { duration, exact, millis } from "~/lib/time";
import { Panel } from "~/ui/Panel";
import type { Rollout } from "./rollout";
import classes from "./Times.module.css";

/** When it came to each of its turns, with the time between them. */
export function Times({ rollout: r }: { rollout: Rollout }) {
  const all: readonly (readonly [string, string | undefined])[] = [
    ["Published, waits", r.created],
    ["Proved in staging", r.staged],
    ["First production traffic", r.started],
    ["Event that decided", r.deciding],
    ["Verdict", r.decided],
    ["Traffic obeys it", r.moved],
    ["Finished", r.finished],
  ];
  const known = all.flatMap(([name, at]) => (at ? [{ name, at }] : []));
  return (
    <Panel title="Times">
      <ol className={classes.list}>
        {known.map(({ name, at }, i) => {
          const before = known[i - 1];
          const gap = before ? (millis(at) - millis(before.at)) / 1000 : null;
          return (
            <li key={name} className={classes.row}>
              <span>{name}</span>
              <span className={`num ${classes.gap}`}>
                {gap === null ? "" : `+${duration(Math.max(gap, 0))}`}
              </span>
              <time className={`num ${classes.at}`} dateTime={at} title={exact(at)}>
                {clock(at)}
              </time>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

function clock(at: string): string {
  return new Date(at).toLocaleTimeString("en-GB");
}
