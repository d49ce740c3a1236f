import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { InLink } from "~/ui/InLink";
import { Interval } from "~/ui/Interval";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
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
    <Panel title="Predicted and measured" note={k?.title}>
      <div className={classes.figures}>
        <span>
          <span className={classes.quiet}>Predicted</span>{" "}
          <b className="num">
            {r.predicted === undefined
              ? "not said"
              : signed(r.predicted, resultUnit(k?.unit ?? r.unit, true))}
          </b>
        </span>
        <span>
          <span className={classes.quiet}>Measured</span>{" "}
          <Num value={r.measured} unit={unit} low={r.low} high={r.high} definition={r.basis} />
        </span>
        <Grade grade={r.grade} />
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
