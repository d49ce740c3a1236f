import { Tooltip } from "@mantine/core";
import { IconLinkOff, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { Loaded } from "~/object/Loaded";
import { Outline } from "~/object/Outline";
import { reasonInWords } from "~/object/reason";
import { nodeState } from "~/object/states";
import { threadQuery } from "~/object/thread";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import {
  componentOf,
  joints,
  type Node,
  pageOf,
  reach,
  type Stage,
  stageName,
  type Thread,
  threadHref,
  titleOf,
} from "./path";
import classes from "./Thread.module.css";

/** One thing followed through everything: up to why it exists, down to what it changed. */
export function ThreadPage() {
  const { kind, id } = useParams({ from: "/inside/thread/$kind/$id" });
  const thread = useQuery(threadQuery(kind, id));
  return (
    <Loaded
      query={thread}
      kind="Thread"
      title={`Thread of ${stageName(kind).toLowerCase()}`}
      outline={<Outline main={[88, 88, 88, 88, 88, 88]} aside={[260]} thread={false} />}
    >
      {(t) => <ThreadView thread={t} />}
    </Loaded>
  );
}

function ThreadView({ thread: t }: { thread: Thread }) {
  const component = componentOf(t);
  const title = titleOf(t.here);
  const { subject } = t.here;
  useCrumbs(
    useMemo(() => [{ title: `Thread of ${title}`, href: threadHref({ subject }) }], [title, subject]),
  );
  return (
    <Page
      kind={`Thread of ${stageName(t.here.kind).toLowerCase()}`}
      title={title}
      status={<Status look="pill" state={t.whole ? "done" : "held"} label={reach(t)} />}
      actions={<InLink href={pageOf(t.here, component)}>Open its page</InLink>}
      aside={<Beside nodes={t.beside} here={subject} />}
    >
      <ol className={classes.path} aria-label="From the vision to the effect">
        {t.stages.map((s) => (
          <StageRow key={s.kind} stage={s} thread={t} component={component} />
        ))}
      </ol>
    </Page>
  );
}

function StageRow(props: { stage: Stage; thread: Thread; component: string | undefined }) {
  const { stage: s, thread, component } = props;
  const empty = s.nodes.length === 0;
  return (
    <li className={classes.stage} data-here={s.here || undefined} data-gap={empty || undefined}>
      <div className={classes.name}>
        {stageName(s.kind)}
        {s.nodes.length > 1 && <span className="num"> · {s.nodes.length + (s.more ?? 0)}</span>}
      </div>
      <div className={classes.nodes}>
        {empty ? (
          <div className={classes.gap}>
            <IconLinkOff size={17} stroke={1.7} aria-hidden />
            <div>
              <div>
                <b>Nothing here.</b> {s.gap ? sentence(s.gap.why) : ""}
              </div>
              {s.gap && <div className={classes.close}>To close it: {s.gap.close}</div>}
            </div>
          </div>
        ) : (
          s.nodes.map((n) => (
            <NodeCard
              key={n.subject}
              node={n}
              here={n.subject === thread.here.subject}
              href={pageOf(n, component)}
              joints={joints(thread, n.subject)}
            />
          ))
        )}
        {s.more ? (
          <div className={classes.quiet}>
            and <span className="num">{s.more}</span> older ones; stand on one of these to follow it alone
          </div>
        ) : null}
      </div>
    </li>
  );
}

function NodeCard(props: { node: Node; here: boolean; href: string; joints: readonly string[] }) {
  const { node: n, here, href, joints: why } = props;
  return (
    <div className={classes.node} data-here={here || undefined} aria-current={here ? "true" : undefined}>
      <div className={classes.line}>
        <InLink href={href} look="quiet" className={classes.title}>
          {titleOf(n)}
        </InLink>
        <Word node={n} />
        {here ? (
          <span className={classes.lit}>you are here</span>
        ) : (
          <Tooltip label="Follow the thread from here">
            <InLink
              href={threadHref(n)}
              look="quiet"
              className={classes.follow}
              aria-label={`Thread of ${titleOf(n)}`}
            >
              <IconRoute size={16} stroke={1.7} aria-hidden />
            </InLink>
          </Tooltip>
        )}
      </div>
      {n.text && <div className={classes.text}>{reasonInWords(n.text)}</div>}
      {why.map((w) => (
        <div key={w} className={classes.quiet}>
          {w}
        </div>
      ))}
      <div className={classes.quiet}>
        {n.team && <>team {n.team} · </>}changed <Ago at={n.at} />
      </div>
    </div>
  );
}

function Word({ node: n }: { node: Node }) {
  if (!n.state) return null;
  if (n.kind === "component" && n.state === "ready") return <Status state="done" label="live" />;
  const state = nodeState(n.state);
  const word = n.state.replaceAll("_", " ");
  return state ? <Status state={state} label={word} /> : <span className={classes.quiet}>{word}</span>;
}

const order = ["incident", "component", "team", "product"];

function Beside({ nodes, here }: { nodes: readonly Node[]; here: string }) {
  const kinds = [...new Set([...order, ...nodes.map((n) => n.kind)])];
  return (
    <Panel title="Beside the path">
      {nodes.length === 0 && (
        <p className={classes.nobody}>No component, team or incident touches this thread.</p>
      )}
      {kinds.map((kind) => {
        const own = nodes.filter((n) => n.kind === kind);
        if (own.length === 0) {
          return kind === "incident" && nodes.length > 0 ? (
            <section key={kind} className={classes.beside}>
              <h3 className={classes.kind}>Incidents</h3>
              <p className={classes.nobody}>None is known.</p>
            </section>
          ) : null;
        }
        return (
          <section key={kind} className={classes.beside}>
            <h3 className={classes.kind}>
              {stageName(kind)}
              {own.length > 1 ? "s" : ""}
            </h3>
            {own.map((n) => (
              <div key={n.subject} className={classes.side}>
                <div className={classes.line}>
                  <InLink href={pageOf(n)} aria-current={n.subject === here ? "true" : undefined}>
                    {titleOf(n)}
                  </InLink>
                  <Word node={n} />
                </div>
                {n.text && <div className={classes.quiet}>{n.text}</div>}
              </div>
            ))}
          </section>
        );
      })}
    </Panel>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
