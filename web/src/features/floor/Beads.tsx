import { IconArrowNarrowRight } from "@tabler/icons-react";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { hrefOf } from "~/object/subject";
import { InLink } from "~/ui/InLink";
import { Sparkline } from "~/ui/Sparkline";
import classes from "./Beads.module.css";
import { Fresh } from "./Fresh";
import { unitOf } from "./floor";

const shown = 3;

/** What comes back from customers to the vision: key results, each with its value, its target and its line. */
export function Beads({
  outcomes,
  passed,
}: {
  outcomes: readonly Schemas["FloorOutcome"][];
  passed: number;
}) {
  const more = outcomes.length - shown;
  return (
    <div className={classes.back}>
      <div className={classes.row} data-back data-one={outcomes.length === 1 || undefined}>
        {outcomes.length === 0 ? (
          <InLink href="/board" look="bare" className={classes.bead}>
            <span className={classes.none}>
              Key results come back here: what customers do, measured against what was hoped for
            </span>
          </InLink>
        ) : (
          outcomes.slice(0, shown).map((o) => <Bead key={o.keyResult} outcome={o} />)
        )}
        {more > 0 && (
          <InLink href="/board" look="bare" className={classes.bead}>
            <span className={classes.none}>{more} more</span>
          </InLink>
        )}
      </div>
      <div className={`num ${classes.caption}`}>
        {passed > 0
          ? `${format(passed, "count")} measured effects and values came back`
          : "Nothing has come back yet"}
        {outcomes.length + passed > 0 && "; the numbers on the line and the bars count the last 7 days"}
      </div>
    </div>
  );
}

function Bead({ outcome: o }: { outcome: Schemas["FloorOutcome"] }) {
  const unit = unitOf(o.unit);
  return (
    <InLink href={hrefOf(`key-result/${o.keyResult}`)} look="bare" className={classes.bead}>
      <span className={classes.title}>{o.title}</span>
      <Sparkline
        values={o.points.map((p) => p.value)}
        unit={unit}
        label={o.title}
        target={o.target}
        width={84}
        height={26}
      />
      <span className={`num ${classes.value}`}>
        {o.value === undefined ? (
          <span className={classes.none}>not measured</span>
        ) : (
          <Fresh value={o.value}>
            <b>{format(o.value, unit)}</b>
          </Fresh>
        )}
        <IconArrowNarrowRight size={14} stroke={1.8} aria-label="of a target of" className={classes.arrow} />
        {format(o.target, unit)}
      </span>
    </InLink>
  );
}
