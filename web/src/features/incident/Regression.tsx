import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { Details } from "~/object/Details";
import { Ago } from "~/ui/Ago";
import { odds } from "~/ui/evidence";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import classes from "./Incident.module.css";
import { type Incident, things } from "./incident";

/** What was found of a live version that got worse after its release, and the lever that takes it back. */
export function Regression({ incident: i }: { incident: Incident }) {
  const r = i.regression;
  if (!r) return null;
  return (
    <Panel title="The live version got worse" note="when it was noticed">
      <div className={classes.words}>
        <span>
          Evidence of a change <b className="num">{odds(r.logE)}</b>
        </span>
        <span className={`num ${classes.quiet}`}>
          alarms at {odds(r.threshold)}; false once in {duration(r.chanceDays * 86_400)} at most
        </span>
      </div>
      <div className={classes.scale}>
        <Details
          rows={[
            ["Version", r.release],
            ["Promised", `at most ${format(r.promised, "ratio")} of ${things(r.event)} fail`],
            ["Failed", `${format(r.failed, "count")} of ${format(r.requests, "count")}`],
            ["Since", <Ago key="s" at={r.since} />],
          ]}
        />
      </div>
      {r.rollout && (
        <InLink href={`/rollouts/${r.rollout}`} className={classes.more}>
          {i.state === "open"
            ? `Take it back to ${r.before ? `version ${r.before}` : "the version before"}, on its rollout's page`
            : "See its rollout"}
        </InLink>
      )}
    </Panel>
  );
}
