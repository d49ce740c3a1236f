import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { duration } from "~/lib/time";
import { InLink } from "~/ui/InLink";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { CardsSkeleton } from "~/ui/Skeletons";
import { Sparkline } from "~/ui/Sparkline";
import { bars, hasLine, slices, unitOf } from "./figures";
import classes from "./TeamFigures.module.css";
import { boardQuery } from "./useBoard";

/** How the team delivers (the five metrics of software delivery) and how its work flows. */
export function TeamFigures({ team }: { team: string }) {
  const dora = useQuery(
    ask("/api/v1/insight/dora", { query: { team }, kinds: ["rollout", "incident", "run", "commits"] }),
  );
  return (
    <>
      <Panel
        title="Delivery"
        note="last 30 days, this team's components"
        actions={<InLink href={`/insight?team=${team}`}>The events behind them</InLink>}
      >
        {dora.data ? (
          <div className={classes.cards}>
            {dora.data.metrics.map((m) => (
              <section key={m.id} className={classes.card} aria-label={m.title}>
                <h3 className={classes.name}>{m.title}</h3>
                <Num
                  look="figure"
                  full
                  value={m.state === "measured" ? (m.value ?? null) : null}
                  tooFew={m.state === "too few"}
                  unit={unitOf(m)}
                  low={m.low ?? null}
                  high={m.high ?? null}
                  n={m.n}
                  definition={m.definition}
                  range="the last 30 days"
                />
                <p className={classes.text}>{m.text}</p>
                {hasLine(m) && (
                  <Sparkline
                    values={slices(m)}
                    unit={unitOf(m)}
                    label={`${m.title} by day`}
                    width={150}
                    height={32}
                  />
                )}
              </section>
            ))}
          </div>
        ) : dora.error ? (
          <Problem error={dora.error} retry={() => void dora.refetch()} />
        ) : (
          <CardsSkeleton cards={5} height={132} />
        )}
      </Panel>
      <Flow team={team} />
    </>
  );
}

function Flow({ team }: { team: string }) {
  const board = useQuery(boardQuery(team));
  if (!board.data) {
    return (
      <Panel title="Flow">
        {board.error ? (
          <Problem error={board.error} retry={() => void board.refetch()} />
        ) : (
          <CardsSkeleton cards={2} height={120} />
        )}
      </Panel>
    );
  }
  const { cycle, throughput } = board.data;
  const done = throughput.reduce((a, b) => a + b, 0);
  const heights = bars(throughput);
  return (
    <Panel title="Flow">
      <div className={classes.flow}>
        <section aria-label="Cycle time">
          <h3 className={classes.name}>Cycle time</h3>
          <Num
            look="figure"
            full
            value={cycle.medianSeconds ?? null}
            tooFew={cycle.medianSeconds === undefined && cycle.n > 0}
            unit="seconds"
            n={cycle.n}
            definition="Median time from when an item was begun until it was done."
            range="the last 90 days"
          />
          <p className={classes.text}>
            {cycle.p85Seconds === undefined
              ? `${cycle.n} of at least ${cycle.minimum} finished items.`
              : `85 of 100 items took at most ${duration(cycle.p85Seconds)}. An older one shows it on its card.`}
          </p>
        </section>
        <section aria-label="Throughput">
          <h3 className={classes.name}>Throughput</h3>
          <Num
            look="figure"
            value={done}
            definition="Items that were done, on each of the last 14 days (UTC)."
            range="the last 14 days"
          />
          <p className={classes.text}>{done === 1 ? "item" : "items"} done in 14 days, today last</p>
          <div
            className={classes.bars}
            role="img"
            aria-label={`Items done on each of the last 14 days, today last: ${throughput.join(", ")}`}
          >
            {heights.map((h, i) => (
              <span
                key={`day ${i.toString()}`}
                data-none={h === 0 || undefined}
                style={{ height: `${Math.max(h * 100, 4)}%` }}
                title={`${throughput[i]} done, ${throughput.length - 1 - i === 0 ? "today" : `${throughput.length - 1 - i} d ago`}`}
              />
            ))}
          </div>
        </section>
      </div>
    </Panel>
  );
}
