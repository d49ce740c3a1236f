import { Button } from "@mantine/core";
import { IconChecklist, IconPencil, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ask, send } from "~/api/ask";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { itemState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { Empty } from "~/ui/Empty";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, type Values } from "~/ui/form";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Incident.module.css";
import { type Incident, type Review, sections, things } from "./incident";

/** What people learn from an incident: a draft from the timeline, their words, and what shall be done. */
export function ReviewPart({ incident: i }: { incident: Incident }) {
  const review = useQuery(ask("/api/v1/incidents/{id}/review", { path: { id: i.id }, kinds: ["item"] }));
  if (review.error) return <Problem error={review.error} retry={() => void review.refetch()} look="line" />;
  if (!review.data) return null;
  return (
    <>
      <Learned incident={i} review={review.data} />
      <Actions incident={i} review={review.data} />
    </>
  );
}

function useReread(id: string): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["/api/v1/incidents/{id}/review", id] }),
      queries.invalidateQueries({ queryKey: ["/api/v1/incidents/{id}", id] }),
    ]);
}

function Learned({ incident: i, review: r }: { incident: Incident; review: Review }) {
  const [writing, setWriting] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const reread = useReread(i.id);
  const published = r.state === "published";
  const publish = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await send("post", "/api/v1/incidents/{id}/publish", { id: i.id }, { version: r.version });
      await reread();
      void say("The review is published.");
    } catch (thrown) {
      setProblem(thrown);
      await reread();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel
      title="Review"
      note={published ? "published" : r.version === 0 ? "a draft made from the timeline" : "draft"}
      actions={
        !published && (
          <>
            <Button
              variant="default"
              size="compact-sm"
              leftSection={<IconPencil size={14} aria-hidden />}
              onClick={() => setWriting(true)}
            >
              Write
            </Button>
            {i.state === "resolved" && r.text.learn !== "" && (
              <Button size="compact-sm" loading={busy} onClick={() => void publish()}>
                Publish
              </Button>
            )}
          </>
        )
      }
    >
      <p className={classes.quiet}>
        {published && r.published ? (
          <>
            Published by {r.publishedBy}, <Ago at={r.published} />. What comes to light later is a note.
          </>
        ) : i.state === "open" ? (
          "About the work, never about who did it. The incident is open: the draft grows with its timeline."
        ) : r.text.learn === "" ? (
          "About the work, never about who did it. It can be published once what to learn is answered."
        ) : (
          <>
            Last written by {r.changedBy}
            {r.changed && (
              <>
                , <Ago at={r.changed} />
              </>
            )}
            . Publish it when the team agrees: it stands from then on.
          </>
        )}
      </p>
      {problem !== undefined && <Problem error={problem} look="line" />}
      <Figures review={r} />
      {sections.map(({ name, title }) => (
        <section key={name} className={classes.section}>
          <h3>{title}</h3>
          {r.text[name] ? (
            <div className={classes.text}>{r.text[name]}</div>
          ) : (
            <p className={classes.prompt}>{r.prompts[name]}</p>
          )}
        </section>
      ))}
      {writing && <ReviewForm review={r} onClose={() => setWriting(false)} />}
    </Panel>
  );
}

/** The impact in numbers; what is not known is left out. */
function Figures({ review: r }: { review: Review }) {
  const n = r.numbers;
  const figures: [string, string][] = [
    ["lasted", duration(n.lastedSeconds)],
    ["to detect", duration(n.detectedSeconds)],
  ];
  if (n.recoveredSeconds !== undefined) figures.push(["to recover", duration(n.recoveredSeconds)]);
  if (n.requests !== undefined && n.requestsFailed !== undefined)
    figures.push([
      `of ${format(Math.round(n.requests), "count")} ${things(n.event)} failed`,
      format(Math.round(n.requestsFailed), "count"),
    ]);
  if (n.units !== undefined && n.unitsFailed !== undefined)
    figures.push([`of ${format(n.units, "count")} units failed`, format(n.unitsFailed, "count")]);
  return (
    <dl className={classes.figures}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dd className="num">{value}</dd>
          <dt>{name}</dt>
        </div>
      ))}
    </dl>
  );
}

const valuesOf = (r: Review): Values =>
  Object.fromEntries(sections.map(({ name }) => [`text.${name}`, r.text[name]]));

function ReviewForm({ review: r, onClose }: { review: Review; onClose: () => void }) {
  const reread = useReread(r.incident);
  // What is written is based on what was there when the form was opened.
  const [began] = useState(r);
  const initial = useMemo(() => valuesOf(began), [began]);
  const fields = useMemo<readonly FormField[]>(
    () =>
      sections.map(({ name, title }) => ({
        name: `text.${name}`,
        label: title,
        hint: began.prompts[name],
        kind: "text",
      })),
    [began],
  );
  return (
    <FormDialog
      needs="operate"
      title="Write the review"
      lead="What the facts know is there already; correct it and add what they do not. How, not who."
      fields={fields}
      initial={initial}
      draft={`review ${r.incident}`}
      action="Save"
      wide
      onSend={async (v, over) => {
        const now = over as Review | undefined;
        const text = Object.fromEntries(sections.map(({ name }) => [name, v[`text.${name}`] ?? ""]));
        await send(
          "put",
          "/api/v1/incidents/{id}/review",
          { id: r.incident },
          { version: now?.version ?? began.version, text: text as Review["text"] },
        );
        await reread();
      }}
      theirs={(now) => valuesOf(now as Review)}
      onClose={onClose}
    />
  );
}

const actionFields: readonly FormField[] = [
  {
    name: "title",
    label: "What shall be done",
    placeholder: "Probe the sensor before traffic",
    check: given("Say what shall be done."),
  },
  {
    name: "description",
    label: "Why",
    kind: "text",
    hint: "What it would have prevented, or ended sooner.",
  },
];

const nothing: Values = { title: "", description: "" };

function Actions({ incident: i, review: r }: { incident: Incident; review: Review }) {
  const [adding, setAdding] = useState(false);
  const reread = useReread(i.id);
  const done = r.actions.filter((a) => a.state === "done").length;
  return (
    <Panel
      title="Action items"
      note={r.actions.length > 0 ? `${done} of ${r.actions.length} done` : undefined}
      flush={r.actions.length > 0}
      actions={
        r.actions.length > 0 && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => setAdding(true)}
          >
            Add
          </Button>
        )
      }
    >
      {r.actions.length === 0 ? (
        <Empty
          icon={IconChecklist}
          title="No action item"
          small
          start={{ label: "Add an action item", onClick: () => setAdding(true) }}
        >
          What would have prevented this, or ended it sooner, becomes an item on the board of {i.team}. Here
          you see how far it is.
        </Empty>
      ) : (
        <ul className={classes.timeline}>
          {r.actions.map((a) => (
            <li key={a.item} className={classes.action}>
              <InLink href={`/items/${a.item}`} look="quiet" className={classes.item}>
                {a.item}
              </InLink>
              <span className={classes.said}>
                <span className={classes.what}>{a.title}</span>
                {a.assignee && <span className={classes.quiet}> · {a.assignee}</span>}
              </span>
              <Status {...itemState({ state: a.state, blocked: a.blocked ?? "" })} />
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <FormDialog
          needs="plan-work"
          title="Add an action item"
          lead={`It becomes an item in the ready column of ${i.team}.`}
          fields={actionFields}
          initial={nothing}
          draft={`action ${i.id}`}
          action="Add it to the board"
          onSend={async (v) => {
            await send(
              "post",
              "/api/v1/incidents/{id}/actions",
              { id: i.id },
              { title: v.title ?? "", description: v.description ?? "" },
            );
            await reread();
          }}
          onClose={() => setAdding(false)}
        />
      )}
    </Panel>
  );
}
