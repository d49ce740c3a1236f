import { format } from "~/lib/number";
import { Ago } from "~/ui/Ago";
import { Panel } from "~/ui/Panel";
import { StatusIcon } from "~/ui/Status";
import type { State } from "~/ui/state";
import classes from "./Ramp.module.css";
import { type Rollout, ramp, type Step } from "./rollout";

/** The steps by which the new version gets units, and whom each reached. */
export function Ramp({ rollout: r }: { rollout: Rollout }) {
  const steps = ramp(r);
  if (steps.length === 0) {
    return (
      <Panel title="Ramp">
        <p className={classes.none}>
          The plan, and with it the ramp, is frozen before the first unit is exposed.
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Ramp" note={r.first ? "nobody is served yet, so there is none" : undefined}>
      <ol className={classes.ramp}>
        {steps.map((s) => (
          <li
            key={s.share}
            className={classes.step}
            data-at={s.at}
            aria-current={s.at === "now" || undefined}
          >
            <span className={classes.icon}>
              <StatusIcon state={stateOf(s, r)} size={18} />
            </span>
            <div className={classes.words}>
              <div className={classes.line}>
                <b className="num">{format(s.share, "ratio")}</b>
                <span className={classes.quiet}>{words(s, r)}</span>
                {s.at === "now" && r.stageBegan && (
                  <span className={classes.since}>
                    <Ago at={r.stageBegan} />
                  </span>
                )}
              </div>
              {(s.at === "now" || s.canary + s.baseline + s.served > 0) && (
                <div className={`num ${classes.quiet}`}>
                  served {format(s.served, "count")} units
                  {s.at === "now" && r.plan && !r.first && s.served < r.plan.minimumUnits
                    ? ` of ${format(r.plan.minimumUnits, "count")} needed to widen`
                    : `; met first: ${format(s.canary, "count")} new, ${format(s.baseline, "count")} old`}
                </div>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function stateOf(s: Step, r: Rollout): State {
  if (s.at === "ahead") return "waiting";
  if (s.at === "now") return r.held ? "held" : "running";
  const last = r.shares[r.stage] === s.share;
  return last && (r.phase === "rolled_back" || r.phase === "rolling_back") ? "rolled-back" : "done";
}

function words(s: Step, r: Rollout): string {
  if (s.at === "now") return r.held ? "held here" : "now";
  if (s.at === "past") {
    if (stateOf(s, r) === "rolled-back") return "taken back here";
    return s.share === 1 ? "by promotion" : "passed";
  }
  return r.phase === "rolled_back" || r.phase === "rolling_back" ? "never reached" : "ahead";
}
