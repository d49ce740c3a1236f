import { Tooltip } from "@mantine/core";
import { type Icon, IconChartLine, IconFlame, IconRocket } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import type uPlot from "uplot";
import { format, type Unit } from "~/lib/number";
import { exact } from "~/lib/time";
import { Empty } from "./Empty";
import { InLink } from "./InLink";
import { axis, type Palette, Plot, timeAxis } from "./Plot";
import { clusters } from "./plot";
import classes from "./TimeChart.module.css";

export interface Series {
  label: string;
  /** one per time; null where nothing was measured */
  values: readonly (number | null)[];
  /** a token of the theme: "series-1" (the default by order), "failed", "done" */
  color?: string;
  dashed?: boolean;
}

/** Something that happened at a moment, with a page of its own. */
export interface Marker {
  /** seconds since 1970 */
  at: number;
  kind: "deploy" | "incident";
  label: string;
  href?: string;
}

interface Props {
  /** what is shown: "Requests" */
  label: string;
  unit: Unit;
  /** seconds since 1970, ascending */
  times: readonly number[];
  series: readonly Series[];
  markers?: readonly Marker[];
  /** drawn as a dashed line: an objective, a limit */
  threshold?: { value: number; label: string };
  height?: number;
  /** fill under the first series */
  filled?: boolean;
  /** charts with the same key share the cursor */
  sync?: string;
  /** the lowest value is 0 unless told not to */
  fromZero?: boolean;
  /** called with the seconds that were selected by dragging */
  onZoom?: (from: number, to: number) => void;
}

const marks: Record<Marker["kind"], Icon> = { deploy: IconRocket, incident: IconFlame };
const none: readonly Marker[] = [];
const pin = 26; // px; pins nearer than this are one

/** Values over time, with units, the moment's values under the pointer, and markers of what happened. */
export function TimeChart(props: Props) {
  const {
    label,
    unit,
    times,
    series,
    markers = none,
    threshold,
    height = 200,
    filled,
    sync,
    fromZero = true,
    onZoom,
  } = props;
  const [hover, setHover] = useState<number | null>(null);
  const [spots, setSpots] = useState<readonly (number | null)[]>([]);
  const data = useMemo<uPlot.AlignedData>(
    () => [[...times], ...series.map((s) => [...s.values])],
    [times, series],
  );
  const shape = series
    .map((s, i) => `${s.label}|${s.color ?? `series-${(i % 6) + 1}`}|${s.dashed ? 1 : 0}`)
    .join("\n");
  const unitKey = JSON.stringify(unit);
  const limit = threshold?.value;

  const options = useCallback(
    (color: Palette): Omit<uPlot.Options, "width" | "height"> => {
      const shown = JSON.parse(unitKey) as Unit;
      const lines = shape.split("\n").map((text, i): uPlot.Series => {
        const [name = "", token = "series-1", dashed] = text.split("|");
        const stroke = color(token);
        return {
          label: name,
          stroke,
          width: 1.6,
          points: { show: false },
          ...(filled && i === 0 ? { fill: `${stroke}1f` } : {}),
          ...(dashed === "1" ? { dash: [5, 4] } : {}),
        };
      });
      return {
        series: [{}, ...lines],
        legend: { show: false },
        padding: [16, 8, 0, 0],
        cursor: {
          y: false,
          points: { size: 7 },
          drag: { x: onZoom !== undefined, y: false, setScale: false },
          ...(sync ? { sync: { key: sync } } : {}),
        },
        scales: {
          y: {
            range: (_, low, high) => {
              const top = Math.max(high ?? 1, limit ?? Number.NEGATIVE_INFINITY);
              const bottom = fromZero
                ? Math.min(0, low ?? 0)
                : Math.min(low ?? 0, limit ?? Number.POSITIVE_INFINITY);
              return top === bottom ? [bottom, bottom + 1] : [bottom, top + (top - bottom) * 0.08];
            },
          },
        },
        axes: [
          timeAxis(color),
          axis(color, { size: 64, space: 36, values: (_, v) => v.map((x) => format(x, shown)) }),
        ],
        hooks: {
          setCursor: [(u) => setHover(u.cursor.idx ?? null)],
          setSelect: [
            (u) => {
              if (onZoom && u.select.width > 4) {
                onZoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
                u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              }
            },
          ],
          draw: limit === undefined ? [] : [(u) => drawLevel(u, limit, color("failed"))],
        },
      };
    },
    [shape, unitKey, filled, sync, fromZero, limit, onZoom],
  );
  const onLayout = useCallback(
    (u: uPlot) => {
      const next = markers.map((m) => {
        const x = u.valToPos(m.at, "x");
        return Number.isFinite(x) && x >= 0 && x <= u.over.clientWidth ? x + u.over.offsetLeft : null;
      });
      setSpots((old) => (old.length === next.length && old.every((x, i) => x === next[i]) ? old : next));
    },
    [markers],
  );

  if (times.length === 0) {
    return (
      <Empty icon={IconChartLine} title={`No ${label.toLowerCase()} yet`} small>
        The line begins with the first measurement.
      </Empty>
    );
  }
  const at = hover ?? times.length - 1;
  const moment = times[at];
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.legend}>
        {series.map((s, i) => {
          const value = s.values[at];
          return (
            <span key={s.label} className={classes.entry} data-none={value == null || undefined}>
              <i
                style={{ background: `var(--f-${s.color ?? `series-${(i % 6) + 1}`})` }}
                data-dashed={s.dashed || undefined}
              />
              {s.label}
              {value == null ? (
                <span className="hidden-but-read">no data</span>
              ) : (
                <b className="num">{format(value, unit)}</b>
              )}
            </span>
          );
        })}
        {threshold && (
          <span className={classes.entry}>
            <i style={{ background: "var(--f-failed)" }} data-dashed />
            {threshold.label} <b className="num">{format(threshold.value, unit)}</b>
          </span>
        )}
        <span className={`num ${classes.moment}`}>
          {moment !== undefined &&
            (hover !== null
              ? exact(moment * 1000)
              : series.every((s) => s.values[at] == null)
                ? "no data now"
                : "latest")}
        </span>
      </figcaption>
      <div className={classes.area}>
        <Plot data={data} options={options} height={height} label={describe(props)} onLayout={onLayout} />
        {clusters(spots, pin).map((group) => {
          // What hurts stands before what merely happened; else the newest for all that share its place.
          const all = group.flatMap((i) => markers[i] ?? []);
          const m = all.findLast((o) => o.kind === "incident") ?? all.at(-1);
          const x = spots[group[0] ?? 0];
          if (!m || x == null) return null;
          const Mark = marks[m.kind];
          const icon = <Mark size={13} stroke={2} aria-hidden />;
          const said = all.map((o) => `${o.kind}: ${o.label}`).join("; ");
          const named = { "aria-label": said, className: classes.pin, style: { left: x } };
          return (
            <Tooltip
              key={`${m.at} ${m.label}`}
              multiline
              maw={360}
              label={all.map((o) => (
                <div key={`${o.at} ${o.label}`}>
                  {o.label} · {exact(o.at * 1000)}
                </div>
              ))}
            >
              <span className={classes.marker} data-kind={m.kind} style={{ left: x, height: height - 32 }}>
                {all.length > 1 && <span className={`num ${classes.several}`}>{all.length}</span>}
                {m.href ? (
                  <InLink href={m.href} look="bare" {...named} style={undefined}>
                    {icon}
                  </InLink>
                ) : (
                  <span role="img" {...named} style={undefined}>
                    {icon}
                  </span>
                )}
              </span>
            </Tooltip>
          );
        })}
      </div>
    </figure>
  );
}

function drawLevel(u: uPlot, value: number, color: string): void {
  const y = u.valToPos(value, "y", true);
  u.ctx.save();
  u.ctx.strokeStyle = color;
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.restore();
}

function describe({ label, unit, series, markers = none }: Props): string {
  const lines = series.map((s) => {
    const known = s.values.filter((v): v is number => v !== null);
    const last = known.at(-1);
    if (last === undefined) return `${s.label}: no data`;
    return `${s.label}: ${format(last, unit)} at last, between ${format(Math.min(...known), unit)} and ${format(Math.max(...known), unit)}`;
  });
  return `${label} over time. ${lines.join(". ")}.${markers.length > 0 ? ` ${markers.length} marked moments.` : ""}`;
}
