import { Button } from "@mantine/core";
import { IconArrowRightBar, IconBolt, IconHandStop, IconUser } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, send } from "~/api/ask";
import { useNow } from "~/lib/now";
import { duration } from "~/lib/time";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { itemState } from "~/object/states";
import { hrefOf } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import { columnNames, type Item, typeNames } from "./board";
import { EditItem } from "./EditItem";
import classes from "./Item.module.css";
import { shortly, stays } from "./item";
import { useNames } from "./people";

/** An item: what it is for, where it was and why it moved, and what it became. */
export function ItemPage() {
  const { id } = useParams({ from: "/inside/items/$id" });
  const item = useQuery(ask("/api/v1/items/{id}", { path: { id } }));
  return (
    <Loaded query={item} kind="Item" title={id} outline={<Outline main={[120, 260]} aside={[240]} />}>
      {(i) => <ItemView item={i} />}
    </Loaded>
  );
}

function worker(i: Item, nameOf: (assignee: string) => string): string {
  if (!i.assignee) return i.state === "done" ? "It is done." : "Nobody works on it.";
  const who = nameOf(i.assignee);
  if (i.state === "ready") return `Meant for ${who}.`;
  return i.state === "done" ? `${who} did it.` : `${who} works on it.`;
}

function ItemView({ item: i }: { item: Item }) {
  const queries = useQueryClient();
  const team = useQuery(ask("/api/v1/teams/{id}", { path: { id: i.team } }));
  const feature = useQuery({
    ...ask("/api/v1/features/{id}", { path: { id: i.feature ?? "" } }),
    enabled: Boolean(i.feature),
  });
  const now = useNow();
  const nameOf = useNames(i.team);
  const [editing, setEditing] = useState(false);
  const [blocking, setBlocking] = useState(false);
  const [error, setError] = useState<unknown>();
  const teamName = team.data?.name ?? i.team;
  useCrumbs(
    useMemo(
      () => [
        { title: teamName, href: `/teams/${i.team}` },
        { title: i.id, href: `/items/${i.id}` },
      ],
      [teamName, i.team, i.id],
    ),
  );
  const again = () => queries.invalidateQueries({ queryKey: ["/api/v1/items/{id}", i.id] });
  const act = async (todo: () => Promise<unknown>, done: string) => {
    setError(undefined);
    try {
      await todo();
      await again();
      void say(done);
    } catch (thrown) {
      setError(thrown);
    }
  };
  const pull = () =>
    act(
      () => send("post", "/api/v1/items/{id}/pull", { id: i.id }, { version: i.version }),
      `${i.id} is yours.`,
    );
  const block = () =>
    i.blocked
      ? void act(() => send("post", "/api/v1/items/{id}/unblock", { id: i.id }), `${i.id} can go on.`)
      : setBlocking(true);
  useKeys({
    e: () => setEditing(true),
    ...(i.state === "ready" ? { p: () => void pull() } : {}),
    ...(i.state === "done" ? {} : { b: block }),
  });
  const all = stays(i, now);
  const total = all.reduce((sum, s) => sum + s.seconds, 0);
  return (
    <Page
      kind={`${typeNames[i.type]} ${i.id}`}
      title={i.title}
      status={<Status look="pill" {...itemState(i)} />}
      owner={
        <InLink href={`/teams/${i.team}`} look="quiet">
          {teamName}
        </InLink>
      }
      lead={worker(i, nameOf)}
      thread={<ObjectThread kind="item" id={i.id} />}
      actions={
        <>
          <Button variant="default" onClick={() => setEditing(true)} aria-keyshortcuts="e">
            Edit
          </Button>
          {i.state !== "done" && (
            <Button
              variant="default"
              leftSection={<IconHandStop size={16} stroke={1.8} aria-hidden />}
              onClick={block}
              aria-keyshortcuts="b"
            >
              {i.blocked ? "It can go on" : "Block"}
            </Button>
          )}
          {i.state === "ready" && (
            <Button
              leftSection={<IconArrowRightBar size={17} stroke={1.8} aria-hidden />}
              onClick={() => void pull()}
              aria-keyshortcuts="p"
            >
              Pull it
            </Button>
          )}
        </>
      }
      aside={
        <Panel title="About it">
          <Details
            rows={[
              ["State", columnNames[i.state]],
              ["Since", <Ago key="s" at={i.since} />],
              ["Begun", i.started && <Ago key="b" at={i.started} />],
              [i.done ? "Took" : "Age", i.started ? duration(i.ageSeconds) : "not begun"],
              ["Created", <Ago key="c" at={i.created} />],
              [
                "Feature",
                i.feature ? (
                  <InLink key="f" href={hrefOf(`feature/${i.feature}`)} look="quiet">
                    {feature.data?.title ?? "its feature"}
                  </InLink>
                ) : (
                  "none"
                ),
              ],
              ["For a commit", <Copyable key="t" text={`Item: ${i.id}`} />],
            ]}
          />
        </Panel>
      }
      history={<ObjectHistory subject={`item/${i.id}`} without={["item.moved"]} />}
    >
      {error !== undefined && <Problem error={error} />}
      {i.blocked && (
        <div className={classes.blocked} role="status">
          <IconHandStop size={18} stroke={1.8} aria-hidden />
          <span>
            <b>Blocked:</b> {i.blocked}{" "}
            <span className={classes.quiet}>
              since <Ago at={i.blockedSince} />
            </span>
          </span>
        </div>
      )}
      {i.description && (
        <Panel title="More">
          <p className={classes.text}>{i.description}</p>
        </Panel>
      )}
      <Panel title="Where its time went" note={total > 0 ? duration(total) : undefined}>
        <div
          className={classes.bar}
          role="img"
          aria-label={all.map((s) => `${columnNames[s.state]} ${duration(s.seconds)}`).join(", ")}
        >
          {all.map((s) => (
            <span
              key={s.state}
              data-state={s.state}
              style={{ flexGrow: Math.max(s.seconds, total * 0.01) }}
              title={`${columnNames[s.state]} ${duration(s.seconds)}`}
            />
          ))}
        </div>
        <ul className={classes.legend}>
          {all.map((s) => (
            <li key={s.state}>
              <i data-state={s.state} aria-hidden /> {columnNames[s.state]}{" "}
              <b className="num">{duration(s.seconds)}</b>
              {s.visits > 1 && <span className={classes.quiet}> in {s.visits} visits</span>}
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="How it moved" note={i.moves?.length} flush>
        <ol className={classes.moves}>
          {[...(i.moves ?? [])].reverse().map((m) => (
            <li key={m.at} className={classes.move}>
              <span className={classes.by} data-fact={m.byFact || undefined} aria-hidden>
                {m.byFact ? <IconBolt size={15} stroke={1.9} /> : <IconUser size={15} stroke={1.9} />}
              </span>
              <div className={classes.words}>
                <div>
                  {m.from ? (
                    <>
                      {m.from} to <b>{m.to}</b>
                    </>
                  ) : (
                    <b>{m.to}</b>
                  )}
                  <span className={classes.quiet}>{m.byFact ? " by itself" : ` by ${m.actor}`}</span>
                </div>
                <div className={classes.because}>
                  {shortly(m.because)}
                  {m.subject && (
                    <>
                      {" "}
                      <InLink href={hrefOf(m.subject)} className={classes.see}>
                        see
                      </InLink>
                    </>
                  )}
                </div>
              </div>
              <span className={classes.quiet}>
                <Ago at={m.at} />
              </span>
            </li>
          ))}
        </ol>
      </Panel>
      {editing && <EditItem item={i} onClose={() => setEditing(false)} />}
      <ReasonDialog
        needs="plan-work"
        opened={blocking}
        onClose={() => setBlocking(false)}
        title={`Block ${i.id}?`}
        will={[
          "show on its card why it cannot go on, and for how long",
          "keep it in its column, where it counts against the limit",
        ]}
        undo="Anybody of the team can say that it goes on."
        action="Block"
        onConfirm={async (reason) => {
          await send("post", "/api/v1/items/{id}/block", { id: i.id }, { reason });
          await again();
        }}
      />
    </Page>
  );
}
