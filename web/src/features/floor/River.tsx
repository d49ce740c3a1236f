import { useReducedMotion } from "@mantine/hooks";
import { useCallback, useRef } from "react";
import { type Fact, useFacts } from "~/api/live";
import { ribbonOf } from "./floor";
import classes from "./River.module.css";
import { flows, ribbon, wayBack, width } from "./river";
import type { Shape } from "./useShape";

interface Props {
  shape: Shape;
  /** what passed between neighbours, and last the way back */
  counts: readonly number[];
}

const turn = 16; // px between the edge of the picture and the way back
const svg = "http://www.w3.org/2000/svg";
const most = 5; // drops on one ribbon at a time: a burst of facts is no rain

/** The stream behind the stations: ribbons as wide as the flow, and drops that pass when facts arrive. */
export function River({ shape, counts }: Props) {
  const { nodes, back, way } = shape;
  const first = nodes[0];
  const last = nodes.at(-1);
  const drops = useRef<SVGGElement>(null);
  const still = useReducedMotion();

  const forward = counts.slice(0, nodes.length - 1);
  const backCount = counts[nodes.length - 1] ?? 0;
  const rivers = flows(forward);
  const loop =
    way === "across" && first && last && back
      ? wayBack({
          first: first.x,
          last: last.x,
          top: first.y,
          bottom: back.y,
          left: turn,
          right: shape.width - turn,
          radius: 26,
        })
      : undefined;
  const backWidth = Math.max(width(backCount, Math.max(...counts, 1)) / 2, 4);

  const pass = useCallback(
    (fact: Fact) => {
      const at = ribbonOf(fact.kind);
      const layer = drops.current;
      if (at === undefined || !layer || still || document.hidden) return;
      const from = nodes[at];
      const to = nodes[at + 1];
      const line = to ? undefined : loop;
      if (!from || (!to && !line)) return;
      if (layer.querySelectorAll(`[data-on="${at}"]`).length >= most) return;
      const drop = document.createElementNS(svg, "circle");
      drop.setAttribute("r", "4.5");
      drop.setAttribute("class", classes.drop ?? "");
      drop.dataset.on = String(at);
      layer.append(drop);
      const frames: Keyframe[] = line
        ? along(layer, line)
        : [
            { transform: `translate(${from.x}px, ${from.y}px)`, opacity: 0 },
            {
              transform: `translate(${mix(from.x, to?.x, 0.2)}px, ${mix(from.y, to?.y, 0.2)}px)`,
              opacity: 1,
              offset: 0.2,
            },
            {
              transform: `translate(${mix(from.x, to?.x, 0.85)}px, ${mix(from.y, to?.y, 0.85)}px)`,
              opacity: 1,
              offset: 0.85,
            },
            { transform: `translate(${to?.x ?? 0}px, ${to?.y ?? 0}px)`, opacity: 0 },
          ];
      const run = drop.animate(frames, { duration: line ? 4200 : 1500, easing: "ease-in-out" });
      run.onfinish = () => drop.remove();
      run.oncancel = () => drop.remove();
    },
    [nodes, loop, still],
  );
  useFacts(pass);

  return (
    <svg className={classes.river} width={shape.width} height={shape.height} aria-hidden="true">
      <defs>
        <linearGradient
          id="river"
          gradientUnits="userSpaceOnUse"
          x1={first?.x ?? 0}
          y1={first?.y ?? 0}
          x2={last?.x ?? 0}
          y2={way === "across" ? first?.y : last?.y}
        >
          <stop offset="0" className={classes.thin} />
          <stop offset="1" className={classes.thick} />
        </linearGradient>
        <linearGradient id="back" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2={shape.width} y2="0">
          <stop offset="0" className={classes.thin} />
          <stop offset="1" className={classes.thick} />
        </linearGradient>
      </defs>
      {loop && (
        <>
          <path
            d={loop}
            className={classes.back}
            stroke={backCount === 0 ? undefined : "url(#back)"}
            data-dry={backCount === 0 || undefined}
            style={{ strokeWidth: backCount === 0 ? 1.5 : backWidth }}
          />
          {backCount > 0 &&
            back &&
            [0.2, 0.8].map((at) => (
              <path
                key={at}
                className={classes.chevron}
                d={`M${shape.width * at + 2} ${back.y - 4}l-4 4l4 4`}
              />
            ))}
          {first && (
            <path
              className={classes.arrow}
              data-dry={backCount === 0 || undefined}
              d={`M${first.x - 36} ${first.y - 6}l8 6l-8 6`}
            />
          )}
        </>
      )}
      {rivers.map((flow, i) => {
        const a = nodes[i];
        const b = nodes[i + 1];
        if (!a || !b) return null;
        const key = `ribbon ${i.toString()}`;
        if (flow.dry) return <line key={key} x1={a.x} y1={a.y} x2={b.x} y2={b.y} className={classes.dry} />;
        return (
          <g key={key}>
            <path
              fill="url(#river)"
              d={way === "across" ? ribbon(flow, a.x, b.x, a.y) : ribbon(flow, a.y, b.y, a.x, "down")}
            />
            {way === "across" && (
              <path className={classes.chevron} d={`M${(a.x + b.x) / 2 - 2} ${a.y - 4}l4 4l-4 4`} />
            )}
          </g>
        );
      })}
      <g ref={drops} />
    </svg>
  );
}

function mix(a: number, b: number | undefined, share: number): number {
  return a + ((b ?? a) - a) * share;
}

// The way back has turns, so the drop is led along the path in small steps.
function along(layer: SVGGElement, line: string): Keyframe[] {
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", line);
  layer.append(path);
  const length = path.getTotalLength();
  const steps = 60;
  const frames = Array.from({ length: steps + 1 }, (_, i) => {
    const p = path.getPointAtLength((length * i) / steps);
    return { transform: `translate(${p.x}px, ${p.y}px)`, opacity: i === 0 || i === steps ? 0 : 1 };
  });
  path.remove();
  return frames;
}
