import { Button } from "@mantine/core";
import { IconHourglassHigh, IconPackages, IconPlus } from "@tabler/icons-react";
import { asProblem } from "~/api/problem";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { StatusIcon } from "~/ui/Status";
import { along, read, spoken } from "./compose";
import { Links } from "./Links";
import classes from "./Together.module.css";
import type { useAnswer } from "./useCompose";

interface Props {
  parts: readonly string[];
  answer: ReturnType<typeof useAnswer>;
  onChange: (parts: readonly string[]) => void;
}

/** What the solver says of the parts: that they go together, what has to go along and why, or why they do not. */
export function Together({ parts, answer, onChange }: Props) {
  const { told, current, error, retry } = answer;
  return (
    <Panel title="Do they go together?" note="nothing is changed by asking">
      {parts.length === 0 ? (
        <Empty icon={IconPackages} title="As soon as a version is picked, you read it here" small>
          Each version says in <code>.factory/component.yaml</code> what it provides and what it requires.
          That is compared with what is live and with what waits: what has to go along, and why, or why it
          cannot be.
        </Empty>
      ) : error ? (
        <Problem error={error} retry={retry} look="line">
          {asProblem(error).kind === "not-found" && "Take it out, and pick one that was published."}
        </Problem>
      ) : told ? (
        <div className={classes.answer} data-old={!current || undefined}>
          <Said told={told} onChange={onChange} />
        </div>
      ) : (
        <RowsSkeleton height={28} rows={3} />
      )}
    </Panel>
  );
}

function Said({
  told: { answer: a, parts },
  onChange,
}: {
  told: NonNullable<Props["answer"]["told"]>;
  onChange: Props["onChange"];
}) {
  const r = read(a, parts);
  return (
    <>
      <div role="status">
        <h3 className={classes.headline}>
          <StatusIcon state={r.state} size={20} />
          {r.headline}
        </h3>
        {a.reason && <p className={classes.text}>{a.reason}.</p>}
      </div>
      {r.live.length > 0 && (
        <div className={classes.act}>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onChange(parts.filter((p) => !r.live.includes(p)))}
          >
            Leave {r.live.length === 1 ? "it" : "them"} out
          </Button>
        </div>
      )}
      {r.missing.length > 0 && (
        <ul className={classes.missing}>
          {r.missing.map((m) => (
            <li key={m.part}>
              <div>
                <b>{spoken(m.part)}</b>
                <div className={classes.quiet}>{m.because}</div>
              </div>
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconPlus size={14} stroke={2} aria-hidden />}
                aria-label={`Add ${spoken(m.part)}`}
                onClick={() => onChange(along(a, parts, m.part))}
              >
                Add
              </Button>
            </li>
          ))}
        </ul>
      )}
      {r.order && (
        <>
          <p className={classes.text}>
            What provides goes before what requires it: a part that goes first cannot count on one that comes
            later.
          </p>
          <div className={classes.act}>
            <Button size="compact-sm" variant="default" onClick={() => onChange(r.order ?? parts)}>
              Order them so
            </Button>
          </div>
        </>
      )}
      {a.works && a.links.length > 0 && (
        <div className={classes.links}>
          <Links links={a.links} />
        </div>
      )}
      {r.ready && a.links.length === 0 && (
        <p className={classes.text}>
          {parts.length === 1
            ? "It requires nothing that is not live, and nothing that is live loses what it requires."
            : "They require nothing of each other: together they go because you want it so."}
        </p>
      )}
      {parts.length === 1 && r.ready && (
        <p className={classes.text}>A release has two parts or more: pick what shall go with it.</p>
      )}
      {a.waiting && !(a.reason && a.waiting.includes(a.reason)) && (
        <p className={classes.waiting}>
          <IconHourglassHigh size={16} stroke={1.8} aria-hidden />
          <span>
            {a.works ? "It would wait for" : "Waits for"} {a.waiting}
          </span>
        </p>
      )}
    </>
  );
}
