import { format, type Unit } from "~/lib/number";
import { alertState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { Status } from "~/ui/Status";
import classes from "./AlertLine.module.css";
import type { Alert } from "./delivery";

const units: Record<Alert["unit"], Unit> = {
  share: "ratio",
  s: "seconds",
  crashes: { unit: "crashes" },
  requests: { unit: "requests" },
  events: { unit: "events" },
  times: { unit: "times too fast" },
};

/** An alert with what was seen, what it means and what to do. */
export function AlertLine({ alert: a }: { alert: Alert }) {
  return (
    <div className={classes.alert} data-state={a.state}>
      <Status {...alertState(a.state)} />
      <div className={classes.words}>
        <b>{a.text}</b>
        <p>
          {a.meaning} <span className={classes.advice}>{a.advice}</span>
        </p>
      </div>
      <span className={`num ${classes.value}`}>
        {format(a.value, units[a.unit])}, raised above {format(a.threshold, units[a.unit])}
        <br />
        since <Ago at={a.since} />
      </span>
    </div>
  );
}
