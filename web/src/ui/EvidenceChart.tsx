import { IconScale } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import uPlot from "uplot";
import { format } from "~/lib/number";
import { exact } from "~/lib/time";
import { Empty } from "./Empty";
import classes from "./EvidenceChart.module.css";
import { type EvidencePoint, odds, progress, ramp } from "./evidence";
import { axis, type Palette, Plot, timeAxis } from "./Plot";

interface Props {
  points: readonly EvidencePoint[];
  /** ln(1/alpha): evidence of harm that rolls back */
  rollbackAt: number;
  /** ln(1/beta): evidence of safety that promotes */
  promoteAt: number;
  height?: number;
}

/**
 * Evidence over time between its two thresholds. Safety grows upwards to "promote", harm downwards to "roll back"; the
 * ramp stands shaded behind. The scale is logarithmic: each step up or down multiplies the odds.
 */
export function EvidenceChart({ points: seen, rollbackAt, promoteAt, height = 260 }: Props) {
  const points = useMemo(() => drawable(seen), [seen]);
  const [hover, setHover] = useState<number | null>(null);
  const data = useMemo<uPlot.AlignedData>(
    () => [
      points.map((p) => p.at),
      points.map((p) => p.share),
      // Evidence that speaks against a side is none for it: each line keeps to its own half.
      points.map((p) => (p.safe === null ? null : Math.max(p.safe, 0))),
      points.map((p) => Math.min(-p.harm, 0)),
    ],
    [points],
  );
  const options = useCallback(
    (color: Palette): Omit<uPlot.Options, "width" | "height"> => ({
      series: [
        {},
        {
          label: "share",
          scale: "share",
          stroke: color("accent-line"),
          fill: color("accent-soft"),
          width: 1,
          points: { show: false },
          ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        },
        { label: "safe", stroke: color("done"), width: 2, points: { show: false } },
        { label: "harm", stroke: color("failed"), width: 2, points: { show: false } },
      ],
      legend: { show: false },
      padding: [10, 4, 0, 0],
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        y: {
          range: (_, low, high) => [
            Math.min(-rollbackAt * 1.25, (low ?? 0) * 1.05),
            Math.max(promoteAt * 1.25, (high ?? 0) * 1.05),
          ],
        },
        share: { range: [0, 1] },
      },
      axes: [
        timeAxis(color),
        axis(color, {
          size: 74,
          grid: { show: false },
          splits: () => [-rollbackAt, 0, promoteAt],
          values: () => ["roll back", "even", "promote"],
        }),
        axis(color, {
          scale: "share",
          side: 1,
          size: 46,
          grid: { show: false },
          splits: () => [0, 0.25, 0.5, 1],
          values: (_, v) => v.map((x) => format(x, "ratio")),
        }),
      ],
      hooks: {
        setCursor: [(u) => setHover(u.cursor.idx ?? null)],
        drawClear: [(u) => shade(u, color)],
        draw: [(u) => levels(u, color, [-rollbackAt, promoteAt])],
      },
    }),
    [rollbackAt, promoteAt],
  );

  const now = points[Math.min(hover ?? points.length, points.length - 1)];
  if (!now) {
    return (
      <Empty icon={IconScale} title="No evidence yet" small>
        The line begins when the first customer meets the new version.
      </Empty>
    );
  }
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.legend}>
        <Side name="safety" log={now.safe} threshold={promoteAt} aim="promotes" tone="done" />
        <Side name="harm" log={now.harm} threshold={rollbackAt} aim="rolls back" tone="failed" />
        <span className={classes.share}>
          <i /> <span className="num">{format(now.share, "ratio")}</span> of units on the new version
        </span>
        <span className={`num ${classes.moment}`}>{hover === null ? "latest" : exact(now.at * 1000)}</span>
      </figcaption>
      <Plot data={data} options={options} height={height} label={describe(points, rollbackAt, promoteAt)} />
    </figure>
  );
}

// One moment alone has no width: it is drawn as a second of standing still.
function drawable(points: readonly EvidencePoint[]): readonly EvidencePoint[] {
  const only = points.length === 1 ? points[0] : undefined;
  return only ? [only, { ...only, at: only.at + 1 }] : points;
}

function Side(props: {
  name: string;
  log: number | null;
  threshold: number;
  aim: string;
  tone: "done" | "failed";
}) {
  const { name, log, threshold, aim, tone } = props;
  return (
    <span className={classes.side}>
      <i style={{ background: `var(--f-${tone})` }} />
      <span>
        Evidence of {name} <b className="num">{log === null ? "not tested yet" : odds(log)}</b>
        <span className={`num ${classes.aim}`}>
          {" "}
          {aim} at {odds(threshold)}, {format(Math.floor(progress(log, threshold) * 100) / 100, "ratio")} of
          the way
        </span>
      </span>
    </span>
  );
}

function shade(u: uPlot, color: Palette): void {
  const { ctx, bbox } = u;
  const zero = u.valToPos(0, "y", true);
  ctx.save();
  ctx.strokeStyle = color("line-strong");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, zero);
  ctx.lineTo(bbox.left + bbox.width, zero);
  ctx.stroke();
  ctx.restore();
}

function levels(u: uPlot, color: Palette, at: readonly [number, number]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  at.forEach((value, i) => {
    const y = u.valToPos(value, "y", true);
    ctx.strokeStyle = color(i === 0 ? "failed" : "done");
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  });
  ctx.restore();
}

function describe(points: readonly EvidencePoint[], rollbackAt: number, promoteAt: number): string {
  const last = points.at(-1);
  if (!last) return "No evidence yet";
  const stages = ramp(points)
    .map((s) => format(s.share, "ratio"))
    .join(", ");
  const safe = last.safe === null ? "not tested" : `${odds(last.safe)}, promotes at ${odds(promoteAt)}`;
  return `Evidence over time. Within the margin: ${safe}. Harm: ${odds(last.harm)}, rolls back at ${odds(rollbackAt)}. Ramp: ${stages}.`;
}
