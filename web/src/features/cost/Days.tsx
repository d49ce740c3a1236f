import { dayOf } from "../insight/dora";
import classes from "./Cost.module.css";
import { amount, bars, type Cost, kinds } from "./cost";

const width = 900;
const height = 150;

/** What each day cost, piled up by what was used. */
export function Days({ days, currency }: { days: Cost["days"]; currency: string }) {
  const piles = bars(days);
  const first = days[0];
  const last = days.at(-1);
  if (!first || !last) return null;
  const step = width / piles.length;
  const wide = Math.min(Math.max(step - 4, 1), 36);
  const dearest = piles.reduce((a, b) => (b.total > a.total ? b : a));
  return (
    <figure className={classes.days}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Cost of ${days.length} days; the dearest was ${dayOf(dearest.day)} with ${amount(dearest.total, currency)}`}
      >
        {piles.map((p, i) => {
          const left = i * step + (step - wide) / 2;
          return (
            <g key={p.day}>
              <title>{`${dayOf(p.day)}: ${amount(p.total, currency)}`}</title>
              <rect x={i * step} y={0} width={step} height={height} fill="transparent" />
              <rect x={left} y={height - 1} width={wide} height={1} className={classes.ground} />
              {p.parts.map((k) => (
                <rect
                  key={k.id}
                  x={left}
                  width={wide}
                  y={height - k.to * height}
                  height={Math.max((k.to - k.from) * height, 0.5)}
                  fill={`var(--f-series-${k.series})`}
                />
              ))}
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span className="num">{dayOf(first.day)}</span>
        <span className={classes.keys}>
          {kinds.map((k) => (
            <span key={k.id}>
              <i style={{ background: `var(--f-series-${k.series})` }} aria-hidden /> {k.name}
            </span>
          ))}
        </span>
        <span className="num">{dayOf(last.day)}</span>
      </figcaption>
    </figure>
  );
}
