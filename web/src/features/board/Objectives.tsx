import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPencil, IconPlus, IconTargetArrow } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { Ago } from "~/ui/Ago";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Sparkline } from "~/ui/Sparkline";
import { Status } from "~/ui/Status";
import { scoreOf, scoreWord, troubleOf } from "./board";
import classes from "./Objectives.module.css";

interface Props {
  objectives: readonly Schemas["Objective"][];
  /** the one that an address points at */
  lit: string | undefined;
  onAdd: () => void;
  onEdit: (objective: Schemas["Objective"]) => void;
  onAddKeyResult: (objective: string) => void;
}

/** What shall be true, and the measures that say whether it is. */
export function Objectives({ objectives, lit, onAdd, onEdit, onAddKeyResult }: Props) {
  return (
    <section className={classes.section} aria-labelledby="objectives">
      <header className={classes.head}>
        <h2 id="objectives">Objectives</h2>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={onAdd}>
          Add an objective
        </Button>
      </header>
      {objectives.length === 0 && (
        <Panel>
          <Empty
            icon={IconTargetArrow}
            title="No objective yet"
            small
            start={{ label: "Add an objective", onClick: onAdd }}
          >
            An objective says what shall be true. Its key results, measured from what customers do, say
            whether it is.
          </Empty>
        </Panel>
      )}
      <div className={classes.list}>
        {objectives.map((o) => (
          <Objective
            key={o.id}
            objective={o}
            lit={o.id === lit}
            onEdit={() => onEdit(o)}
            onAdd={() => onAddKeyResult(o.id)}
          />
        ))}
      </div>
    </section>
  );
}

interface OneProps {
  objective: Schemas["Objective"];
  lit: boolean;
  onEdit: () => void;
  onAdd: () => void;
}

function Objective({ objective: o, lit, onEdit, onAdd }: OneProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (lit) place.current?.scrollIntoView({ block: "center" });
  }, [lit]);
  return (
    <div ref={place} className={classes.objective} data-lit={lit || undefined}>
      <Panel
        title={o.title}
        note={
          o.score === undefined ? undefined : (
            <Tooltip label="Mean of its key results: 0 at the baseline, 1 at the target">
              <span>score {o.score.toFixed(2)}</span>
            </Tooltip>
          )
        }
        flush
        actions={
          <>
            {o.owner && <span className={classes.owner}>{o.owner}</span>}
            <Tooltip label="Add a key result">
              <ActionIcon aria-label={`Add a key result to ${o.title}`} onClick={onAdd}>
                <IconPlus size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Change the objective">
              <ActionIcon aria-label={`Change ${o.title}`} onClick={onEdit}>
                <IconPencil size={16} />
              </ActionIcon>
            </Tooltip>
          </>
        }
      >
        {o.description && <p className={classes.why}>{o.description}</p>}
        {o.keyResults.length === 0 ? (
          <p className={classes.none}>
            No key result yet: nobody can see whether this is reached.{" "}
            <button type="button" className={classes.add} onClick={onAdd}>
              Add one
            </button>
          </p>
        ) : (
          <ul className={classes.results}>
            {o.keyResults.map((k) => (
              <KeyResultRow key={k.id} keyResult={k} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

function KeyResultRow({ keyResult: k }: { keyResult: Schemas["KeyResult"] }) {
  const unit = { unit: k.unit };
  const score = scoreWord(scoreOf(k));
  return (
    <li className={classes.result}>
      <div className={classes.words}>
        <InLink href={`/key-results/${k.id}`} look="quiet">
          {k.title}
        </InLink>
        <div className={classes.when}>
          {k.problem ? <span className={classes.problem}>{troubleOf(k)}</span> : null}
          {(k.value !== undefined || !k.problem) && (
            <span className={classes.measured}>
              measured <Ago at={k.measured} never="never" />
            </span>
          )}
        </div>
      </div>
      <Sparkline
        values={k.spark.map((p) => p.value)}
        unit={unit}
        label={k.title}
        target={k.target}
        width={150}
        height={34}
      />
      <div className={`num ${classes.value}`}>
        {k.value === undefined ? (
          <span className={classes.missing}>no data</span>
        ) : (
          <b>{format(k.value, unit)}</b>
        )}
        <span className={classes.ends}>
          {format(k.baseline, unit)} → {format(k.target, unit)}
        </span>
      </div>
      <span className={classes.score}>
        <Status {...score} look="pill" />
      </span>
    </li>
  );
}
