import { useElementSize } from "@mantine/hooks";
import { format, span, type Unit } from "~/lib/number";
import classes from "./Interval.module.css";
import { scale, ticks } from "./plot";
import { judge, judgement } from "./verdict";

export interface Estimate {
  /** what is estimated: "error ratio, canary minus baseline" */
  label: string;
  estimate: number | null;
  low: number | null;
  high: number | null;
  /** the worst difference that is still accepted; nothing for a plain effect */
  margin?: number | null;
  /** which side is good */
  better: "lower" | "higher";
  unit: Unit;
  n?: number;
}

interface Props extends Estimate {
  /** the range shown, shared by the intervals of one table; taken from the values when not given */
  domain?: readonly [number, number];
  /** the value of no effect: 0 for differences, 1 for ratios */
  none?: number;
  /** what stands at the value of no effect where there is a margin */
  noneWord?: string;
  /** what the interval says, where more is known than its place against the margin */
  says?: string | undefined;
}

const height = 58;

/** An estimate with its interval against its margin: how bad can it still be, and is that bad enough? */
export function Interval(props: Props) {
  const {
    label,
    estimate,
    low,
    high,
    margin,
    better,
    unit,
    n,
    domain,
    none = 0,
    noneWord = "no change",
  } = props;
  const { ref, width: measured } = useElementSize<HTMLElement>();
  const width = Math.min(Math.max(measured, 240), 640);
  const verdict = judge({ low, high, margin: margin ?? null, better, none });
  const known = [none, estimate, low, high, margin].filter(
    (v): v is number => typeof v === "number" && Number.isFinite(v),
  );
  const [a, b] = domain ?? widen(Math.min(...known), Math.max(...known));
  const x = scale(a, b, 26, width - 26);
  const clamp = (v: number) => Math.min(Math.max(x(v), 0), width);
  const unknown = estimate === null || low === null || high === null;
  const words = unknown ? "no data" : wordsOf(estimate, low, high, unit, n);
  const says = props.says ?? judgement[verdict];
  const bad = margin == null ? null : better === "lower" ? [clamp(margin), width] : [0, clamp(margin)];
  return (
    <figure className={classes.figure} ref={ref}>
      <figcaption className={classes.caption}>
        <span className={classes.label}>{label}</span>
        <span className={`num ${classes.words}`} data-missing={unknown || undefined}>
          {words}
        </span>
      </figcaption>
      <svg
        width={width}
        height={height}
        className={classes.plot}
        role="img"
        aria-label={`${label}: ${words}. ${says}`}
      >
        {bad && (
          <rect
            x={bad[0]}
            y="0"
            width={Math.max((bad[1] ?? 0) - (bad[0] ?? 0), 0)}
            height="36"
            fill="var(--f-failed-soft)"
          />
        )}
        {margin != null && (
          <line x1={x(margin)} x2={x(margin)} y1="0" y2="36" stroke="var(--f-failed)" strokeDasharray="3 3" />
        )}
        <line x1="0" x2={width} y1="36" y2="36" stroke="var(--f-line-strong)" />
        <line x1={x(none)} x2={x(none)} y1="0" y2="36" stroke="var(--f-quiet)" />
        {!unknown && (
          <g className={classes.mark} data-verdict={verdict}>
            <line x1={clamp(low)} x2={clamp(high)} y1="18" y2="18" strokeWidth="3" strokeLinecap="round" />
            <line x1={clamp(low)} x2={clamp(low)} y1="12" y2="24" strokeWidth="2" strokeLinecap="round" />
            {Number.isFinite(high) ? (
              <line x1={clamp(high)} x2={clamp(high)} y1="12" y2="24" strokeWidth="2" strokeLinecap="round" />
            ) : (
              <path d={`M${width - 8} 12l7 6l-7 6`} fill="none" strokeWidth="2" strokeLinecap="round" />
            )}
            {Number.isFinite(estimate) && <circle cx={clamp(estimate)} cy="18" r="5" />}
          </g>
        )}
        {ticks(a, b, width / 84).map((t) => (
          <text key={t} x={x(t)} y="51" textAnchor="middle" className={`num ${classes.tick}`}>
            {t === none && margin != null ? noneWord : format(t, unit)}
          </text>
        ))}
      </svg>
      <div className={classes.judgement} data-verdict={verdict}>
        {says}
        {margin != null && <span className="num"> Margin {format(margin, unit)}.</span>}
      </div>
    </figure>
  );
}

// Without an upper bound there is no estimate either: what is known is how much it is at least.
function wordsOf(estimate: number, low: number, high: number, unit: Unit, n: number | undefined): string {
  const count = n === undefined ? "" : `, n = ${format(n, "count")}`;
  if (!Number.isFinite(high)) return `at least ${format(low, unit)}${count}`;
  return `${format(estimate, unit)}, interval ${span(low, high, unit)}${count}`;
}

function widen(a: number, b: number): [number, number] {
  const pad = (b - a) * 0.12 || Math.abs(a) * 0.1 || 1;
  return [a - pad, b + pad];
}
