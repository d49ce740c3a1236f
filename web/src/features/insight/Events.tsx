import { IconAlertTriangle, IconCircleDashed } from "@tabler/icons-react";
import { format } from "~/lib/number";
import { commitHref, hrefOf, split } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Side } from "~/ui/Side";
import { basis, intervalWords, type Metric, unitOf } from "./dora";
import classes from "./Insight.module.css";

/** What a metric was counted from, with how; each event leads to its object. */
export function Events({ metric: m, onClose }: { metric: Metric | undefined; onClose: () => void }) {
  return (
    <Side opened={m !== undefined} onClose={onClose} title={m?.title}>
      {m && <Told metric={m} />}
    </Side>
  );
}

function Told({ metric: m }: { metric: Metric }) {
  const unit = unitOf(m);
  return (
    <>
      <p className={classes.about}>{m.text}</p>
      <dl className={classes.how}>
        <dt>Definition</dt>
        <dd>{m.definition}</dd>
        <dt>Interval</dt>
        <dd>{[intervalWords(m), m.interval].filter(Boolean).join("; ")}</dd>
        <dt>Rests on</dt>
        <dd className="num">{basis(m)}</dd>
        {m.defects ? (
          <>
            <dt>Defects</dt>
            <dd>
              {format(m.defects, "count")} observations whose times contradict each other, counted as 0 s
            </dd>
          </>
        ) : null}
      </dl>
      {m.events.length < m.total && (
        <p className={classes.about}>
          The newest {m.events.length} of {format(m.total, "count")}.
        </p>
      )}
      <ol className={classes.events}>
        {m.events.map((e, i) => {
          const { kind, id } = split(e.subject);
          return (
            <li key={`${e.subject} ${i.toString()}`} className={classes.event}>
              <div className={classes.line}>
                <InLink href={kind === "commit" ? commitHref(e.component, id) : hrefOf(e.subject)}>
                  {e.title}
                </InLink>
                {e.hit && (
                  <span className={classes.hit}>
                    <IconAlertTriangle size={14} stroke={1.8} aria-hidden /> counts
                  </span>
                )}
                {e.open && (
                  <span className={classes.open}>
                    <IconCircleDashed size={14} stroke={1.8} aria-hidden /> not over
                  </span>
                )}
                {e.value !== undefined && <b className={`num ${classes.value}`}>{format(e.value, unit)}</b>}
              </div>
              <div className={classes.quiet}>
                {e.component} · <Ago at={e.at} />
              </div>
              {e.note && <div className={classes.note}>{e.note}</div>}
            </li>
          );
        })}
      </ol>
    </>
  );
}
