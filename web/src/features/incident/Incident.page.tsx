import { Button, Textarea } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { ask, send } from "~/api/ask";
import { useNow } from "~/lib/now";
import { format } from "~/lib/number";
import { duration, millis } from "~/lib/time";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { ArtifactName, CommitName, ComponentName, ItemNames, TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { reasonInWords } from "~/object/reason";
import { incidentState } from "~/object/states";
import { hrefOf } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { odds, progress } from "~/ui/evidence";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Incident.module.css";
import { causes, type Entry, endsByItself, type Incident, next, parts, said, tone } from "./incident";
import { Line } from "./Line";
import { Regression } from "./Regression";
import { ReviewPart } from "./Review";
import { Budget, Causes, Suspect } from "./Suspect";

/** A time in which customers may have been hurt: the deciding numbers, what caused it, and what was done. */
export function IncidentPage() {
  const { id } = useParams({ from: "/inside/incidents/$id" });
  const incident = useQuery(
    ask("/api/v1/incidents/{id}", {
      path: { id },
      kinds: ["rollout", "alert", "commits", "deployment", "flag"],
    }),
  );
  return (
    <Loaded
      query={incident}
      kind="Incident"
      title="Incident"
      outline={<Outline main={[150, 380]} aside={[300]} />}
    >
      {(i) => <IncidentView incident={i} />}
    </Loaded>
  );
}

function IncidentView({ incident: i }: { incident: Incident }) {
  useCrumbs(
    useMemo(
      () => [
        { title: "Incidents", href: "/delivery?view=incidents" },
        { title: i.title, href: `/incidents/${i.id}` },
      ],
      [i.id, i.title],
    ),
  );
  const queries = useQueryClient();
  const now = useNow();
  const [resolving, setResolving] = useState(false);
  const lasted = i.resolved ? i.openSeconds : (now - millis(i.began)) / 1000;
  const todo = next(i);
  return (
    <Page
      kind="Incident"
      title={i.title}
      status={
        <Status
          look="pill"
          state={incidentState(i.state).state}
          label={i.state === "open" ? `open for ${duration(lasted)}` : `resolved after ${duration(lasted)}`}
        />
      }
      owner={<TeamName team={i.team} />}
      lead={`Opened by ${causes[i.cause]}, in ${i.environment}.`}
      actions={
        i.state === "open" && (
          <Button
            leftSection={<IconCheck size={16} stroke={2} aria-hidden />}
            onClick={() => setResolving(true)}
          >
            Resolve
          </Button>
        )
      }
      thread={<ObjectThread kind="incident" id={i.id} component={i.component} />}
      aside={
        <>
          <Panel title="What it is about">
            <Details
              rows={[
                ["Component", <ComponentName key="c" component={i.component} />],
                ["Version", i.release],
                [
                  "Rollout",
                  i.rollout && (
                    <InLink key="r" href={`/rollouts/${i.rollout}`} look="quiet">
                      its evidence
                    </InLink>
                  ),
                ],
                ["Artifact", i.artifact && <ArtifactName key="a" digest={i.artifact} />],
                ["Commit", i.commit && <CommitName key="s" component={i.component} commit={i.commit} />],
                ["Change", i.commitTitle],
                ["Items", <ItemNames key="i" items={i.items} />],
              ]}
            />
          </Panel>
          <Panel title="Times">
            <Details
              rows={[
                ["Impact began", <Ago key="b" at={i.began} />],
                ["Detected after", duration(Math.max(0, (millis(i.opened) - millis(i.began)) / 1000))],
                ["Resolved", i.resolved ? <Ago key="r" at={i.resolved} /> : "not yet"],
                ["Recovered in", i.recoverySeconds === undefined ? null : duration(i.recoverySeconds)],
                [
                  "Because",
                  i.resolvedBecause &&
                    (i.resolvedBy ? (
                      <InLink key="w" href={`/rollouts/${i.resolvedBy}`} look="quiet">
                        {i.resolvedBecause}
                      </InLink>
                    ) : (
                      i.resolvedBecause
                    )),
                ],
              ]}
            />
          </Panel>
        </>
      }
      history={<ObjectHistory subject={`incident/${i.id}`} />}
    >
      {todo && <p className={classes.next}>{todo}</p>}
      {i.decision && <Decision incident={i} />}
      <Regression incident={i} />
      <Budget incident={i} />
      <Suspect incident={i} />
      <Causes incident={i} />
      <Timeline incident={i} />
      <ReviewPart incident={i} />
      <ReasonDialog
        needs="operate"
        opened={resolving}
        onClose={() => setResolving(false)}
        title="Resolve this incident?"
        will={[
          `say that customers are no longer hurt, ${duration(lasted)} after it began`,
          "count this time as recovery in the team's figures",
          ...(endsByItself(i) ? ["leave the alert as it is: it may open another incident"] : []),
        ]}
        undo="It cannot be opened again; report another one if customers are hurt again."
        action="Resolve"
        onConfirm={async (because) => {
          await send("post", "/api/v1/incidents/{id}/resolve", { id: i.id }, { because });
          await queries.invalidateQueries({ queryKey: ["/api/v1/incidents/{id}", i.id] });
          void say("The incident is resolved.");
        }}
      />
    </Page>
  );
}

function Decision({ incident: i }: { incident: Incident }) {
  const d = i.decision;
  if (!d) return null;
  const threshold = d.threshold;
  return (
    <Panel title="The deciding numbers">
      <p className={classes.reason}>{reasonInWords(d.reason)}</p>
      {threshold !== undefined && (
        <div className={classes.scale}>
          <div className={classes.words}>
            <span>
              Evidence of harm <b className="num">{odds(d.logE)}</b>
            </span>
            <span className={`num ${classes.quiet}`}>
              rolls back at {odds(threshold)}; false in at most {format(d.alpha, "ratio")} of rollouts
            </span>
          </div>
          <div className={classes.bar} aria-hidden>
            <span
              style={{ width: `${(100 * progress(threshold, Math.max(d.logE, threshold))).toFixed(1)}%` }}
            />
            <i style={{ width: `${(100 * progress(d.logE, Math.max(d.logE, threshold))).toFixed(1)}%` }} />
          </div>
        </div>
      )}
      {i.rollout && (
        <InLink href={`/rollouts/${i.rollout}`} className={classes.more}>
          See all of its evidence
        </InLink>
      )}
    </Panel>
  );
}

function Timeline({ incident: i }: { incident: Incident }) {
  const { before, within } = parts(i);
  const [all, setAll] = useState(false);
  const entries = all ? [...before, ...within] : within;
  return (
    <Panel
      title="Timeline"
      note={entries.length}
      flush
      actions={
        before.length > 0 && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setAll((a) => !a)}>
            {all ? "Show only since it began" : `Show ${before.length} earlier`}
          </Button>
        )
      }
    >
      <ol className={classes.timeline}>
        {entries.map((e, n) => (
          <Happened
            key={`${e.at} ${e.kind} ${n.toString()}`}
            entry={e}
            began={i.began}
            component={i.component}
          />
        ))}
      </ol>
      {i.state === "open" && <Note incident={i} />}
    </Panel>
  );
}

function Happened({ entry: e, began, component }: { entry: Entry; began: string; component: string }) {
  const gap = (millis(e.at) - millis(began)) / 1000;
  return (
    <Line
      lead={
        <span className={`num ${classes.gap}`} title={`from the start of the impact: ${duration(gap)}`}>
          {gap < 0 ? "−" : "+"}
          {duration(Math.abs(gap))}
        </span>
      }
      tone={tone(e)}
      what={said(e)}
      from={e.actor}
      see={e.subject && !e.subject.startsWith("incident/") ? hrefOf(e.subject, component) : undefined}
      at={e.at}
    />
  );
}

function Note({ incident: i }: { incident: Incident }) {
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "" || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await send("post", "/api/v1/incidents/{id}/note", { id: i.id }, { text: text.trim() });
      setText("");
      await queries.invalidateQueries({ queryKey: ["/api/v1/incidents/{id}", i.id] });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={classes.note} onSubmit={(e) => void submit(e)}>
      <Textarea
        aria-label="Note"
        placeholder="What was found, what was done"
        autosize
        minRows={2}
        maxRows={8}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
      />
      {error !== undefined && <Problem error={error} look="line" />}
      <Button type="submit" variant="default" size="xs" loading={busy} disabled={text.trim() === ""}>
        Add the note
      </Button>
    </form>
  );
}
