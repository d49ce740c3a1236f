import { ActionIcon, Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { Panel } from "~/ui/Panel";
import { bars, type Freeze, forWhat, freezeState, stateAt, weeks, when } from "./freeze";
import classes from "./Strip.module.css";

const format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The freezes on the weeks around today, one row each. */
export function Strip({ freezes, now }: { freezes: readonly Freeze[]; now: number }) {
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const [turned, setTurned] = useState(0); // weeks away from today
  const count = narrow ? 4 : 8;
  const edges = weeks(now, (narrow ? 1 : 2) - turned, count);
  const shown = bars(freezes, edges);
  const first = edges[0] ?? 0;
  const last = edges.at(-1) ?? 1;
  const today = (now - first) / (last - first);
  const step = count / 2;
  return (
    <Panel
      title="Weeks"
      note={`${format.format(first)} to ${format.format(last - 1)}`}
      actions={
        <>
          {turned !== 0 && (
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setTurned(0)}>
              Today
            </Button>
          )}
          <ActionIcon aria-label="Earlier weeks" onClick={() => setTurned(turned - step)}>
            <IconChevronLeft size={18} stroke={1.8} aria-hidden />
          </ActionIcon>
          <ActionIcon aria-label="Later weeks" onClick={() => setTurned(turned + step)}>
            <IconChevronRight size={18} stroke={1.8} aria-hidden />
          </ActionIcon>
        </>
      }
    >
      <div className={classes.strip}>
        <div className={classes.grid} aria-hidden>
          {edges.slice(0, -1).map((at, i) => (
            <span
              key={at}
              className={classes.week}
              style={{ left: percent(i / count), width: percent(1 / count) }}
            >
              {format.format(at)}
            </span>
          ))}
          {today >= 0 && today <= 1 && <span className={classes.now} style={{ left: percent(today) }} />}
        </div>
        <ul className={classes.rows} aria-label="Freezes in these weeks">
          {shown.map(({ freeze: f, from, to, meant }) => {
            const state = stateAt(f, now);
            const said = `${f.name}, for ${forWhat(f)}, ${freezeState(state).label}: ${when(f.begins, now)} to ${when(f.lifted ?? f.ends, now)}`;
            const right = from > 0.55;
            return (
              <li key={f.id} className={classes.row} title={said}>
                <span className="hidden-but-read">{said}</span>
                {meant > to && (
                  <span
                    className={classes.meant}
                    style={{ left: percent(to), width: percent(meant - to) }}
                    aria-hidden
                  />
                )}
                <span
                  className={classes.bar}
                  data-state={state}
                  style={{ left: percent(from), width: percent(to - from) }}
                  aria-hidden
                />
                <span
                  className={classes.label}
                  aria-hidden
                  style={
                    right ? { right: percent(1 - Math.max(from, to)) } : { left: percent(Math.max(from, 0)) }
                  }
                  data-right={right || undefined}
                >
                  <b>{f.name}</b> <span>{forWhat(f)}</span>
                </span>
              </li>
            );
          })}
        </ul>
        {shown.length === 0 && <p className={classes.none}>No freeze touches these weeks.</p>}
      </div>
    </Panel>
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}
