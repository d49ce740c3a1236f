import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight, IconHourglass, IconInfoCircle } from "@tabler/icons-react";
import { format } from "~/lib/number";
import { Num } from "~/ui/Num";
import { basis, intervalWords, type Metric, slices, unitOf } from "./dora";
import classes from "./Insight.module.css";
import { Trend } from "./Trend";

/** One of the five: its value or why it has none, how sure, on what, its course, and the way to the events. */
export function MetricCard({ metric: m, onEvents }: { metric: Metric; onEvents: () => void }) {
  const unit = unitOf(m);
  const Better = m.better === "higher" ? IconArrowUpRight : IconArrowDownRight;
  return (
    <section className={classes.card} aria-label={m.title}>
      <header className={classes.head}>
        <h2 className={classes.title}>{m.title}</h2>
        <Tooltip multiline maw={380} label={m.definition} events={{ hover: true, focus: true, touch: true }}>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Definition: ${m.definition}`}>
            <IconInfoCircle size={16} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </header>
      <div className={classes.figure}>
        {m.state === "measured" ? (
          <Num look="figure" value={m.value} unit={unit} definition={m.definition} n={m.n} />
        ) : (
          <span className={classes.few}>
            <IconHourglass size={17} stroke={1.7} aria-hidden />
            {m.state === "too few" ? "too few to say" : "no data yet"}
          </span>
        )}
      </div>
      <p className={`num ${classes.sure}`}>
        {intervalWords(m) ?? (m.state === "measured" ? "no interval" : m.text)}
      </p>
      <p className={`num ${classes.basis}`}>
        {basis(m)}
        <span className={classes.better}>
          <Better size={14} stroke={1.8} aria-hidden /> {m.better} is better
        </span>
      </p>
      <Trend points={slices(m)} unit={unit} label={m.title} />
      <Button
        size="xs"
        variant="default"
        onClick={onEvents}
        disabled={m.total === 0}
        aria-label={`Events behind ${m.title}`}
      >
        {m.total === 0
          ? "No events"
          : `${format(m.total, "count")} ${m.total === 1 ? "event" : "events"} behind it`}
      </Button>
    </section>
  );
}
