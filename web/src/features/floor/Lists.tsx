import { UnstyledButton } from "@mantine/core";
import { IconBolt, IconChecks, IconHistory, IconHourglass, IconTarget } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { hrefOf } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Sparkline } from "~/ui/Sparkline";
import { fold, unitOf, wayOf } from "./floor";
import classes from "./Lists.module.css";
import { useHeld } from "./useHeld";

interface NeedsProps {
  /** what waits for somebody of one's own roles */
  own: Schemas["Floor"]["attention"];
  all: Schemas["Floor"]["attention"];
  everybody: boolean;
  onEverybody: (everybody: boolean) => void;
}

const needsShown = 8;

/** What waits for a person, and what that person can do about it. */
export function Needs({ own, all, everybody, onEverybody }: NeedsProps) {
  const list = everybody ? all : own;
  return (
    <Panel
      title={everybody ? "What needs somebody" : "What needs you"}
      note={list.length > 0 ? list.length : undefined}
      flush
      actions={
        all.length > own.length && (
          <UnstyledButton
            className={classes.toggle}
            aria-pressed={everybody}
            onClick={() => onEverybody(!everybody)}
          >
            {everybody ? "Only mine" : `All ${all.length}`}
          </UnstyledButton>
        )
      }
    >
      {list.length === 0 ? (
        <Empty icon={IconChecks} title="Nothing waits for you" small>
          What needs a decision, a pull or a fix by somebody of your roles stands here first.
        </Empty>
      ) : (
        <ul className={classes.list}>
          {list.slice(0, needsShown).map((a) => (
            <li key={`${a.subject} ${a.why}`} className={classes.need} data-urgency={a.urgency}>
              <span className={classes.mark} title={a.urgency === "now" ? "now" : "soon"}>
                {a.urgency === "now" ? (
                  <IconBolt size={16} stroke={1.9} aria-label="now" />
                ) : (
                  <IconHourglass size={16} stroke={1.7} aria-label="soon" />
                )}
              </span>
              <div className={classes.words}>
                <Line
                  title={
                    <InLink href={hrefOf(a.subject)} look="quiet">
                      <b>{a.title || a.subject}</b>
                    </InLink>
                  }
                  at={a.since}
                />
                <div className={classes.clamp} title={a.why}>
                  {sentence(a.why)}
                </div>
                <div className={classes.quiet}>
                  <b>Next:</b> {a.next}
                </div>
              </div>
            </li>
          ))}
          {list.length > needsShown && <li className={classes.rest}>and {list.length - needsShown} more</li>}
        </ul>
      )}
    </Panel>
  );
}

const movesShown = 6;

/** What moved in the last hour, the newest first; it stands still while it is pointed at. */
export function Moves({ moves }: { moves: Schemas["Floor"]["recent"] }) {
  const { shown, fresh, holder } = useHeld(fold(moves), (m) => `${m.subject} ${m.kind} ${m.at}`);
  return (
    <Panel
      title="Moved this hour"
      note={
        fresh > 0 ? (
          <span className={classes.fresh} role="status">
            {fresh} new
          </span>
        ) : (
          moves.length > 0 && (moves.length === 50 ? "50 or more" : moves.length)
        )
      }
      flush
      actions={<InLink href="/audit">Journal</InLink>}
    >
      {shown.length === 0 ? (
        <Empty icon={IconHistory} title="A quiet hour" small>
          Each thing that moves by hand or by itself shows up here within a second.
        </Empty>
      ) : (
        <ul className={classes.list} {...holder}>
          {shown.slice(0, movesShown).map((m) => (
            <li key={`${m.subject} ${m.kind}`} className={classes.move}>
              <div className={classes.words}>
                <Line
                  title={
                    <InLink href={hrefOf(m.subject)} look="quiet">
                      <b>{m.title || m.subject}</b>
                    </InLink>
                  }
                  at={m.at}
                />
                <div className={`${classes.quiet} ${classes.clamp}`} title={m.text}>
                  {m.text}
                  {m.times > 1 && <span className={`num ${classes.actor}`}> · {m.times} times</span>}
                  {m.actor && <span className={classes.actor}> · {m.actor}</span>}
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** The key results: where they began, where they are, where they should be. */
export function Outcomes({ outcomes }: { outcomes: Schemas["Floor"]["outcomes"] }) {
  return (
    <Panel title="Outcomes" note={outcomes.length > 0 ? outcomes.length : undefined} flush>
      {outcomes.length === 0 ? (
        <Empty
          icon={IconTarget}
          title="No key result yet"
          small
          start={{ label: "Open the board", href: "/board" }}
        >
          An objective is reached when its key results say so. They are measured from what customers do.
        </Empty>
      ) : (
        <ul className={classes.list}>
          {outcomes.map((o) => (
            <Outcome key={o.keyResult} outcome={o} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Outcome({ outcome: o }: { outcome: Schemas["FloorOutcome"] }) {
  const unit = unitOf(o.unit);
  const way = wayOf(o);
  return (
    <li className={classes.outcome}>
      <InLink href={hrefOf(`key-result/${o.keyResult}`)} look="quiet">
        <b>{o.title}</b>
      </InLink>
      <div className={classes.figure}>
        <span className={`num ${classes.value}`} data-missing={o.value === undefined || undefined}>
          {o.value === undefined ? "not measured yet" : format(o.value, unit)}
        </span>
        <Sparkline
          values={o.points.map((p) => p.value)}
          unit={unit}
          label={o.title}
          target={o.target}
          width={120}
          height={32}
        />
      </div>
      <div
        className={classes.bar}
        role="img"
        aria-label={way === null ? "not measured" : `${format(way, "ratio")} of the way to the target`}
      >
        <span style={{ width: `${(way ?? 0) * 100}%` }} />
      </div>
      <div className={`num ${classes.ends}`}>
        <span>from {format(o.baseline, unit)}</span>
        {way !== null && (
          <span>{way === 1 ? "reached" : `${format(Math.floor(way * 100) / 100, "ratio")} of the way`}</span>
        )}
        <span>to {format(o.target, unit)}</span>
      </div>
    </li>
  );
}

function Line({ title, at }: { title: ReactNode; at: string }) {
  return (
    <div className={classes.line}>
      <span className={classes.title}>{title}</span>
      <span className={classes.when}>
        <Ago at={at} />
      </span>
    </div>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
