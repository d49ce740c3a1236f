import classes from "./Days.module.css";

const height = 24;
const bar = 8;
const gap = 3;

/** What was finished on each of the last seven days, today last. */
export function Days({ days, label }: { days: readonly number[]; label: string }) {
  const top = Math.max(1, ...days);
  const width = days.length * (bar + gap) - gap;
  return (
    <svg
      className={classes.days}
      width={width}
      height={height}
      role="img"
      aria-label={`${label}, by day: ${days.join(", ")}`}
    >
      {days.map((n, i) => {
        const h = n === 0 ? 2 : 4 + (height - 4) * (n / top);
        return (
          <rect
            key={`day ${i.toString()}`}
            x={i * (bar + gap)}
            y={height - h}
            width={bar}
            height={h}
            rx={n === 0 ? 1 : 2}
            data-none={n === 0 || undefined}
            data-today={i === days.length - 1 || undefined}
          />
        );
      })}
    </svg>
  );
}
