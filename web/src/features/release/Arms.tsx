import { IconUsers } from "@tabler/icons-react";
import { format } from "~/lib/number";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
import classes from "./Arms.module.css";
import { ofWhom } from "./gates";
import { type Rollout, type Side, sides } from "./rollout";

/** The two versions side by side, counted by unit: a customer or a device, not a request. */
export function Arms({ rollout: r }: { rollout: Rollout }) {
  const both = sides(r);
  return (
    <Panel title={r.first ? "The first version" : "The two versions"} note="by unit, each counted once">
      {both.length === 0 ? (
        <Empty icon={IconUsers} title="Nobody has met it yet" small>
          Counts begin with the first customer. A unit is a customer or a device; it stays with one version.
        </Empty>
      ) : (
        <div className={classes.arms} data-alone={both.length === 1 || undefined}>
          {both.map((s) => (
            <Arm key={s.name} side={s} whom={ofWhom(r)} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Arm({ side, whom }: { side: Side; whom: string }) {
  const canary = side.name === "canary";
  return (
    <section className={classes.arm} aria-label={canary ? "New version" : "Old version"}>
      <header className={classes.head}>
        <span className={classes.mark} data-arm={side.name} aria-hidden />
        <h3 className={classes.name}>{canary ? "New" : "Old"}</h3>
        <span className={classes.release}>version {side.release}</span>
        <span className={`num ${classes.share}`}>
          {format(side.share, "ratio")} {whom} now
        </span>
      </header>
      <div
        className={classes.bar}
        role="img"
        aria-label={`${format(side.share, "ratio")} ${whom} are on this version now`}
      >
        <span data-arm={side.name} style={{ width: `${side.share * 100}%` }} />
      </div>
      <dl className={classes.figures}>
        <div>
          <dt>Met it first</dt>
          <dd>
            <Num
              look="figure"
              value={side.units}
              definition="Units whose first request of this rollout went to this version."
            />
          </dd>
        </div>
        <div>
          <dt>Failed here</dt>
          <dd data-bad={side.failures > 0 || undefined}>
            <Num
              look="figure"
              value={side.failures}
              definition="Units whose first failure of this rollout was on this version. Each unit fails at most once."
            />
          </dd>
        </div>
        <div>
          <dt>Per unit met</dt>
          <dd>
            <Num
              look="figure"
              value={side.rate}
              unit="ratio"
              n={side.units}
              definition="Failures here per unit that met it first. The verdict does not rest on this ratio but on the split of failures; see the metrics."
            />
          </dd>
        </div>
      </dl>
    </section>
  );
}
