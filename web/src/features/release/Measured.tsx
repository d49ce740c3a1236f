import { Badge, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { InLink } from "~/ui/InLink";
import { Interval } from "~/ui/Interval";
import { Panel } from "~/ui/Panel";
import classes from "./Measured.module.css";
import type { Rollout } from "./rollout";

const grades: Record<string, string> = {
  A: "Randomised: chance decided who met which version, so the difference is caused by it.",
  B: "Quasi-experimental: compared with a group that chance did not choose.",
  C: "Before and after: other causes are not ruled out.",
  D: "Stated by a person, not measured.",
};

/** What the rollout did to the key results that its features should move. */
export function Measured({ rollout: r }: { rollout: Rollout }) {
  return (
    <Panel title="What it did to key results">
      {r.measured.length === 0 ? (
        <p className={classes.none}>
          {r.first
            ? "A first version is compared with nothing, so it cannot show what it changed."
            : "None of its items belongs to a feature that names a key result with an outcome event, so there is nothing to measure."}
        </p>
      ) : (
        <div className={classes.list}>
          {r.measured.map((m) => (
            <Outcome key={`${m.keyResult} ${m.event}`} outcome={m} needed={r.plan?.experimentUnits} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Outcome({
  outcome: m,
  needed,
}: {
  outcome: Rollout["measured"][number];
  needed: number | undefined;
}) {
  const keyResult = useQuery(ask("/api/v1/key-results/{id}", { path: { id: m.keyResult } }));
  const title = keyResult.data?.title ?? `Outcome ${m.event}`;
  return (
    <div>
      <div className={classes.head}>
        <InLink href={`/features/${m.feature}`} look="quiet" className={classes.title}>
          {title}
        </InLink>
        <Tooltip label={grades[m.grade] ?? ""} multiline maw={300}>
          <Badge variant="light" tt="none" tabIndex={0} className={classes.grade}>
            grade {m.grade}
          </Badge>
        </Tooltip>
      </div>
      <Interval
        label="New minus old version"
        unit="points"
        better="higher"
        estimate={m.known ? m.estimate : null}
        low={m.known ? m.low : null}
        high={m.known ? m.high : null}
        n={m.canary + m.baseline}
        says={m.known ? undefined : "Too few units have had an outcome for an interval."}
      />
      <p className={`num ${classes.note}`}>
        {format(m.canary, "count")} units with an outcome on the new version, {format(m.baseline, "count")} on
        the old
        {needed && Math.min(m.canary, m.baseline) < needed
          ? ` (${format(needed, "count")} of each are wanted)`
          : ""}
        ; {format(m.level, "ratio")} confidence at every look.
      </p>
    </div>
  );
}
