import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { Details } from "~/object/Details";
import { CommitName, ItemNames } from "~/object/Names";
import { hrefOf, split } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import classes from "./Incident.module.css";
import { causes, type Incident, things } from "./incident";
import { Line } from "./Line";

/** What changed last before it began, and where: the first suspect. */
export function Suspect({ incident: i }: { incident: Incident }) {
  const l = i.last;
  if (!l) {
    return (
      <Panel title="What changed last">
        <p className={classes.quiet}>
          No rollout, deployment or flag of {i.component} is known to have changed in {i.environment} before
          it began. Look outside: at what it calls, who calls it, and what is in front of the gateway.
        </p>
      </Panel>
    );
  }
  const flag = split(l.subject).kind === "flag";
  return (
    <Panel title="What changed last" note={`in ${l.environment}`}>
      <p className={classes.reason}>
        {l.text} <span className={classes.quiet}>by {l.actor},</span> <Ago at={l.at} />
      </p>
      <div className={classes.suspect}>
        <InLink href={hrefOf(l.subject, i.component)} className={classes.see}>
          {flag ? "its flag" : split(l.subject).kind === "rollout" ? "its rollout" : "its artifact"}
        </InLink>
        {l.commit && (
          <span>
            <CommitName component={i.component} commit={l.commit} /> {l.commitTitle}
          </span>
        )}
        {!flag && <ItemNames items={l.items} />}
      </div>
      <p className={classes.quiet}>
        The first suspect, not the culprit. Taking it back is quicker than understanding it.
      </p>
    </Panel>
  );
}

/** All of its causes, when there is more than the one that opened it. */
export function Causes({ incident: i }: { incident: Incident }) {
  if (i.causes.length < 2) return null;
  return (
    <Panel title="Causes" note={i.causes.length} flush>
      <ol className={classes.timeline}>
        {i.causes.map((c, n) => (
          <Line
            key={`${c.at} ${c.cause}`}
            lead={<span className={classes.gap}>{n === 0 ? "opened by" : "joined by"}</span>}
            tone="bad"
            what={c.text}
            from={causes[c.cause]}
            see={c.rollout && `/rollouts/${c.rollout}`}
            at={c.at}
          />
        ))}
      </ol>
    </Panel>
  );
}

/** How the error budget went when the incident was noticed. */
export function Budget({ incident: i }: { incident: Incident }) {
  const b = i.burn;
  if (!b) return null;
  const left = Math.min(1, Math.max(0, b.left));
  return (
    <Panel title="Error budget" note="when it was noticed">
      <div className={classes.words}>
        <span>
          Burns <b className="num">{format(b.rate, { unit: "times" })}</b> too fast
        </span>
        <span className={`num ${classes.quiet}`}>
          {b.left < 0 ? `overspent by ${format(-b.left, "ratio")}` : `${format(b.left, "ratio")} left`}
        </span>
      </div>
      <div className={classes.bar} aria-hidden>
        <i style={{ width: `${(100 * (1 - left)).toFixed(1)}%` }} />
      </div>
      <div className={classes.scale}>
        <Details
          rows={[
            ["Promised", `${format(b.objective, "ratio")} of ${things(b.event)}`],
            ["Failed", `${format(b.failed, "count")} of ${format(b.requests, "count")}`],
            ["Within", duration(b.windowSeconds)],
            ["Gone by that", `${format(b.spent, "ratio")} of ${duration(b.periodSeconds)}`],
          ]}
        />
      </div>
    </Panel>
  );
}
