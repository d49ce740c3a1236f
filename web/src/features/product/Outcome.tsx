import { Badge, Tooltip } from "@mantine/core";
import { format, type Unit } from "~/lib/number";
import { Interval } from "~/ui/Interval";
import { Num } from "~/ui/Num";
import classes from "./Outcome.module.css";
import { better, changeUnit, type Feature, type KeyResult, outcome } from "./product";

const grades: Record<string, string> = {
  A: "Randomised: chance decided who met which version, so the difference is caused by it.",
  B: "Quasi-experimental: compared with a group that chance did not choose.",
  C: "Before and after: other causes are not ruled out.",
  D: "Stated by a person, not measured.",
};

/** How much a number proves. */
export function Grade({ grade }: { grade: string }) {
  return (
    <Tooltip label={grades[grade] ?? ""} multiline maw={300}>
      <Badge className={classes.grade ?? ""} data-proof={grade <= "B" || undefined} tt="none" tabIndex={0}>
        grade {grade}
      </Badge>
    </Tooltip>
  );
}

/** A change with its sign, for a change without one reads as a level. */
export function signed(value: number, unit: Unit): string {
  const text = format(value, unit);
  return value > 0 && !text.startsWith("+") ? `+${text}` : text;
}

/** What a feature should change against what it did. */
export function FeatureOutcome({
  feature: f,
  keyResult: k,
}: {
  feature: Feature;
  keyResult: KeyResult | undefined;
}) {
  const o = outcome(f, k);
  return (
    <div className={classes.outcome}>
      <div className={classes.pair}>
        <span className={classes.cell}>
          <span className={classes.label}>Predicted</span>
          {f.predicted === undefined ? (
            <span className={classes.none}>not said</span>
          ) : (
            <b className="num">{signed(f.predicted, changeUnit(k?.unit))}</b>
          )}
        </span>
        <span className={classes.cell}>
          <span className={classes.label}>Measured</span>
          {o ? (
            <Num
              value={o.estimate}
              unit={o.unit}
              low={o.low}
              high={o.high}
              n={o.units}
              definition={`Sum of the effects of ${o.rollouts} promoted rollout${o.rollouts === 1 ? "" : "s"}, each against the version before.`}
            />
          ) : (
            <span className={classes.none}>not yet</span>
          )}
        </span>
        {o && <Grade grade={o.grade} />}
      </div>
      {o && (
        <Interval
          label={o.comparable ? "Change of the key result" : "Change of the share of units"}
          estimate={o.estimate}
          low={o.low}
          high={o.high}
          better={better(k)}
          unit={o.unit}
          n={o.units}
        />
      )}
      {o && (
        <p className={`num ${classes.note}`}>
          {f.predicted !== undefined && o.comparable && o.low !== null && o.high !== null
            ? `The prediction lies ${f.predicted < o.low ? "below" : f.predicted > o.high ? "above" : "within"} the interval. `
            : ""}
          {format(o.level, "ratio")} confidence over {o.rollouts} promoted rollout
          {o.rollouts === 1 ? "" : "s"}.
        </p>
      )}
    </div>
  );
}
