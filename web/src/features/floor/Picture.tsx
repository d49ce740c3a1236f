import { useRef } from "react";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { Hint } from "~/ui/Hint";
import { InLink } from "~/ui/InLink";
import { Beads } from "./Beads";
import { isEmpty, kindOf } from "./floor";
import classes from "./Picture.module.css";
import { River } from "./River";
import { flows } from "./river";
import { Station } from "./Station";
import { useShape } from "./useShape";

/** The value stream as one picture: stations from the vision to the customers, the flow between them, and the way back. */
export function Picture({ floor }: { floor: Schemas["Floor"] }) {
  const box = useRef<HTMLElement>(null);
  const shape = useShape(box);
  const invite = isEmpty(floor);
  const stuck = floor.stations.some((s) => s.stuckCount > 0);
  const counts = floor.ribbons.map((r) => r.count);
  const halves = flows(counts.slice(0, -1)).map((f) => f.halves[1]);
  return (
    <section className={classes.panel} aria-label="The value stream">
      <figure ref={box} className={classes.picture} data-invite={invite || undefined}>
        {shape && <River shape={shape} counts={counts} />}
        <ol className={classes.stations}>
          {floor.stations.map((s, i) => {
            const out = i < floor.stations.length - 1 ? floor.ribbons[i] : undefined;
            return (
              <li key={s.id} className={classes.station}>
                <Station station={s} invite={invite} foot={stuck} />
                {out && out.count > 0 && (
                  <span className={classes.flow} style={{ top: 44 - (halves[i] ?? 0) - 21 }}>
                    <Hint label={`${out.count} in 7 days: ${out.text}`}>
                      <InLink
                        href={`/audit?kind=${kindOf(i)}`}
                        look="quiet"
                        className={`num ${classes.count}`}
                        aria-label={`${out.count} in 7 days: ${out.text}`}
                      >
                        {format(out.count, "count")}
                        <span className={classes.text}> {out.text}</span>
                      </InLink>
                    </Hint>
                  </span>
                )}
              </li>
            );
          })}
        </ol>
        <Beads outcomes={floor.outcomes} passed={counts.at(-1) ?? 0} />
      </figure>
    </section>
  );
}
