import { format, type Unit } from "~/lib/number";
import { line, scale } from "./plot";

interface Props {
  /** oldest first; null where nothing was measured, which breaks the line */
  values: readonly (number | null)[];
  unit: Unit;
  /** what it is, for those who do not see it: "Missions over 10 kg that succeed" */
  label: string;
  target?: number | null | undefined;
  width?: number;
  height?: number;
}

/** A line as high as a row of text, with the last value as a dot and the target dashed. */
export function Sparkline({ values, unit, label, target, width = 96, height = 28 }: Props) {
  const known = values.filter((v): v is number => v !== null);
  const last = known.at(-1);
  const words =
    last === undefined
      ? `${label}: no data`
      : `${label}: ${format(last, unit)} now, over ${known.length} points`;
  if (last === undefined) {
    return (
      <svg width={width} height={height} role="img" aria-label={words}>
        <line
          x1="2"
          x2={width - 4}
          y1={height / 2}
          y2={height / 2}
          stroke="var(--f-line-strong)"
          strokeDasharray="2 4"
        />
      </svg>
    );
  }
  const all = target == null ? known : [...known, target];
  const x = values.length === 1 ? () => width - 5 : scale(0, values.length - 1, 2, width - 5);
  const y = scale(Math.min(...all), Math.max(...all), height - 4, 4);
  const lastAt = values.findLastIndex((v) => v !== null);
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={words}
      style={{ overflow: "visible", flex: "none" }}
    >
      {target != null && (
        <line
          x1="2"
          x2={width - 4}
          y1={y(target)}
          y2={y(target)}
          stroke="var(--f-quiet)"
          strokeDasharray="3 3"
          strokeWidth="1"
        />
      )}
      <path
        d={line(values, x, y)}
        fill="none"
        stroke="var(--f-accent)"
        strokeWidth="1.6"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
      <circle cx={x(lastAt)} cy={y(last)} r="2.6" fill="var(--f-accent)" />
    </svg>
  );
}
