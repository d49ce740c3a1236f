import { format } from "~/lib/number";
import { Interval } from "~/ui/Interval";
import classes from "./Compared.module.css";
import { difference, type PlannedMetric, pairs } from "./metric";
import { type MetricVerdict, ratio } from "./rollout";

interface Props {
  metric: MetricVerdict;
  planned: PlannedMetric;
}

/** What a metric other than the server errors found in the two versions. */
export function Compared({ metric: m, planned: p }: Props) {
  const bars = pairs(m, p);
  return (
    <>
      {bars.length > 0 && (
        <div>
          {bars.map((b) => (
            <figure key={b.label} className={classes.pair}>
              <figcaption className={classes.label}>{b.label}</figcaption>
              {(["old", "fresh"] as const).map((side) => {
                const part = b[side];
                return (
                  <div key={side} className={classes.side}>
                    <span className={classes.name}>{side === "old" ? "old version" : "new version"}</span>
                    <span className={classes.bar} aria-hidden>
                      <span
                        data-arm={side === "old" ? "baseline" : "canary"}
                        style={{ width: `${((part?.share ?? 0) / b.top) * 100}%` }}
                      />
                    </span>
                    <span className={`num ${classes.words}`}>
                      {part
                        ? `${format(part.share, "ratio")} of ${format(part.of, "count")}`
                        : "no units yet"}
                    </span>
                  </div>
                );
              })}
            </figure>
          ))}
        </div>
      )}
      {(p.kind === "proportion" || p.kind === "mean") && (
        <div>
          <Interval label="New minus old version" noneWord="the same" {...difference(m, p)} />
        </div>
      )}
      {p.kind === "count" && <Counted metric={m} planned={p} />}
    </>
  );
}

function Counted({ metric: m, planned: p }: Props) {
  const against = ratio(m, { margin: p.margin });
  const { margin, ...rest } = against;
  const bound = p.role === "guardrail" ? null : p.better === "more" ? 1 / margin : margin;
  return (
    <div>
      <Interval
        label="Against the old version"
        unit={{ unit: "times" }}
        better={p.better === "more" ? "higher" : "lower"}
        none={1}
        noneWord="the same"
        margin={bound}
        {...rest}
      />
      <p className={classes.note}>
        <span className="num">
          {format(m.canary, "count")} of {format(against.n, "count")}
        </span>{" "}
        units are on the new version; its share alone would bring{" "}
        <span className="num">{format(m.expected, "count")}</span>.
      </p>
    </div>
  );
}
