import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { InLink } from "~/ui/InLink";
import { Interval } from "~/ui/Interval";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
import { Sparkline } from "~/ui/Sparkline";
import { Status } from "~/ui/Status";
import { Grade, signed } from "../product/Outcome";
import classes from "./Initiative.module.css";
import { type Detail, resultUnit } from "./initiative";

const became = {
  running: { state: "running", label: "still running" },
  promoted: { state: "done", label: "promoted" },
  rolled_back: { state: "rolled-back", label: "rolled back" },
} as const;

/** What was predicted against what was measured, and the rollouts behind it. */
export function EffectPanel(props: { initiative: Detail; keyResult: Schemas["KeyResult"] | undefined }) {
  const { initiative: i, keyResult: k } = props;
  const r = i.result;
  const unit = resultUnit(r.unit, r.comparable);
  return (
    <Panel title="Predicted and measured">
      {k && (
        <div className={classes.aim}>
          <span>
            Should move{" "}
            <InLink href={`/key-results/${k.id}`} look="quiet">
              <b>{k.title}</b>
            </InLink>
          </span>
          <span className={`num ${classes.now}`}>
            <Sparkline
              values={k.spark.map((p) => p.value)}
              unit={{ unit: k.unit }}
              label={k.title}
              target={k.target}
              width={110}
            />
            {k.value === undefined ? "no data" : `${format(k.value, { unit: k.unit })} now`}
          </span>
        </div>
      )}
      <div className={classes.figures}>
        <Figure
          name="Predicted"
          words={
            r.predicted === undefined ? undefined : signed(r.predicted, resultUnit(k?.unit ?? r.unit, true))
          }
          none="not said"
        />
        <Figure
          name="Measured"
          words={r.measured === undefined ? undefined : signed(r.measured, unit)}
          none="nothing yet"
        />
        {r.measured !== undefined && <Grade grade={r.grade} />}
      </div>
      {r.measured !== undefined && r.low !== undefined && r.high !== undefined && (
        <Interval
          label="Change of the key result"
          estimate={r.measured}
          low={r.low}
          high={r.high}
          better={k && k.target < k.baseline ? "lower" : "higher"}
          unit={unit}
        />
      )}
      <p className={`num ${classes.note}`}>
        {r.basis.charAt(0).toUpperCase() + r.basis.slice(1)}
        {r.level ? `; ${format(r.level, "ratio")} confidence` : ""}.
        {!r.comparable && " Predicted and measured have different units and cannot be compared."}
      </p>
      {i.effects.length > 0 && (
        <ul className={classes.effects}>
          {i.effects.map((e) => (
            <li key={`${e.rollout} ${e.keyResult} ${e.feature}`}>
              <InLink href={`/rollouts/${e.rollout}`}>{e.component}</InLink>
              <Status {...became[e.kept]} />
              <Num value={e.estimate} unit="points" low={e.low} high={e.high} n={e.units} full />
              <Grade grade={e.grade} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Figure({ name, words, none }: { name: string; words: string | undefined; none: string }) {
  return (
    <div className={classes.figure}>
      <div className={classes.quiet}>{name}</div>
      <div className={`num ${classes.great}`} data-none={words === undefined || undefined}>
        {words ?? none}
      </div>
    </div>
  );
}
