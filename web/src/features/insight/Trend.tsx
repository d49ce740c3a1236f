import { format, type Unit } from "~/lib/number";
import { scale } from "~/ui/plot";
import { dayOf, type Slice } from "./dora";
import classes from "./Insight.module.css";

const width = 300;
const height = 64;

/** The metric by slice of the range: a column where something was observed, a dot on the ground where nothing was. */
export function Trend({ points, unit, label }: { points: readonly Slice[]; unit: Unit; label: string }) {
  const known = points.flatMap((p) => (p.value === null ? [] : [p.value]));
  const most = Math.max(...known, unit === "ratio" ? 0.1 : 0);
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) return null;
  const step = width / points.length;
  const y = scale(0, most || 1, height, 6);
  const words =
    known.length === 0
      ? `${label}: nothing observed`
      : `${label} from ${dayOf(first.from)}: ${known.length} of ${points.length} parts observed, the highest ${format(most, unit)}`;
  return (
    <figure className={classes.trend}>
      <svg
        viewBox={`0 0 ${width} ${height + 3}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
        className={classes.plot}
      >
        {points.map((p, i) => {
          const wide = Math.min(Math.max(step - 2, 1), 14);
          const left = i * step + (step - wide) / 2;
          const tall = p.value === null ? 1.5 : Math.max(height - y(p.value), 3);
          return (
            <g key={p.from}>
              <title>
                {`From ${dayOf(p.from)}: ${p.value === null ? "nothing observed" : format(p.value, unit)}, n = ${p.n}`}
              </title>
              <rect x={i * step} y={0} width={step} height={height} fill="transparent" />
              <rect
                x={left}
                y={height - tall}
                width={wide}
                height={tall}
                rx={1}
                className={p.value === null ? classes.none : classes.bar}
              />
            </g>
          );
        })}
      </svg>
      <figcaption className={`num ${classes.scale}`}>
        <span>{dayOf(first.from)}</span>
        {known.length > 0 && <span>highest {format(Math.max(...known), unit)}</span>}
        <span>{points.length > 31 ? `week of ${dayOf(last.from)}` : dayOf(last.from)}</span>
      </figcaption>
    </figure>
  );
}
