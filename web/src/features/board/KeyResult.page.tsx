import { Button } from "@mantine/core";
import { IconChartLine, IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, type Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { Loaded } from "~/object/Loaded";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Num } from "~/ui/Num";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { type Marker, TimeChart } from "~/ui/TimeChart";
import { resultUnit } from "../initiative/initiative";
import { signed } from "../product/Outcome";
import { changeUnit } from "../product/product";
import { boardQuery, initiativeState, scoreOf, scoreWord, troubleOf } from "./board";
import { KeyResultForm } from "./forms";
import classes from "./KeyResult.module.css";

// What is measured every few seconds stands in the chart.
const told = ["key-result.created", "key-result.changed"];

/** A measure of an objective over its whole life, and who bets on moving it. */
export function KeyResultPage() {
  const { id } = useParams({ from: "/inside/key-results/$id" });
  const keyResult = useQuery(ask("/api/v1/key-results/{id}", { path: { id }, kinds: ["key-result"] }));
  return (
    <Loaded
      query={keyResult}
      kind="Key result"
      title="Key result"
      outline={<Outline main={[340, 120]} aside={[260, 200]} />}
    >
      {(k) => <KeyResultView keyResult={k} />}
    </Loaded>
  );
}

function KeyResultView({ keyResult: k }: { keyResult: Schemas["KeyResultDetail"] }) {
  const board = useQuery(boardQuery());
  const features = useQuery(
    ask("/api/v1/features", { query: { keyResult: k.id }, kinds: ["feature", "effect", "rollout"] }),
  );
  const [edited, setEdited] = useState<Schemas["KeyResult"]>();
  const objective = board.data?.objectives.find((o) => o.id === k.objective);
  const bets = board.data?.initiatives.filter((i) => i.keyResult === k.id) ?? [];
  const crumbs = useMemo(() => [{ title: k.title, href: `/key-results/${k.id}` }], [k.title, k.id]);
  useCrumbs(crumbs);
  const unit = { unit: k.unit };
  const times = useMemo(() => k.history.map((p) => Date.parse(p.at) / 1000), [k.history]);
  const series = useMemo(
    () => [{ label: k.title, values: k.history.map((p) => p.value) }],
    [k.history, k.title],
  );
  const markers = useMemo<Marker[]>(
    () =>
      (features.data?.items ?? [])
        .flatMap((f) => f.effects.map((e) => ({ e, f })))
        .filter(({ e }) => e.kept === "promoted")
        .map(({ e, f }) => ({
          at: Date.parse(e.at) / 1000,
          kind: "deploy" as const,
          label: `${f.title}: ${format(e.estimate, "points")}`,
          href: `/rollouts/${e.rollout}`,
        })),
    [features.data],
  );
  return (
    <Page
      kind={objective ? `Key result of “${objective.title}”` : "Key result"}
      title={k.title}
      status={<Status {...scoreWord(scoreOf(k))} look="pill" />}
      owner={objective?.owner}
      thread={<ObjectThread kind="key-result" id={k.id} />}
      actions={
        <Button variant="default" leftSection={<IconPencil size={15} />} onClick={() => setEdited(k)}>
          Change
        </Button>
      }
      aside={
        <>
          <Panel title="Now">
            <Num look="figure" value={k.value} unit={unit} definition="The last value that the query gave." />
            <dl className={`num ${classes.facts}`}>
              <dt>from</dt>
              <dd>{format(k.baseline, unit)}</dd>
              <dt>to</dt>
              <dd>{format(k.target, unit)}</dd>
              <dt>score</dt>
              <dd>{k.score === undefined ? "none yet" : `${k.score.toFixed(2)} of 1`}</dd>
              <dt>measured</dt>
              <dd>
                <Ago at={k.measured} />
              </dd>
            </dl>
            {k.problem && <p className={classes.problem}>{troubleOf(k)}</p>}
          </Panel>
          <Panel title="How it is measured">
            <Copyable text={k.query} look="id" shown={k.query.length > 40 ? "Copy the query" : k.query} />
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <pre className={classes.query} tabIndex={0}>
              {k.query}
            </pre>
            {k.outcome ? (
              <p className={classes.quiet}>
                Rollouts compare versions by the event <b>{k.outcome.event}</b>
                {Object.entries(k.outcome.where ?? {}).map(([a, v]) => (
                  <span key={a}>
                    {" "}
                    where {a} is {v}
                  </span>
                ))}
                , each unit once.
              </p>
            ) : (
              <p className={classes.quiet}>It names no outcome event, so rollouts cannot measure it.</p>
            )}
          </Panel>
        </>
      }
      history={<ObjectHistory subject={`key-result/${k.id}`} kinds={told} />}
    >
      <Panel
        title="Over its whole life"
        note={k.history.length > 0 ? `${k.history.length} points` : undefined}
      >
        {k.history.length === 0 ? (
          <Empty icon={IconChartLine} title="Not measured yet" small>
            {k.problem ||
              "It is measured every few seconds, as soon as a component sends what the query asks for."}
          </Empty>
        ) : (
          <TimeChart
            label={k.title}
            unit={unit}
            times={times}
            series={series}
            markers={markers}
            threshold={{ value: k.target, label: "target" }}
            filled
            height={260}
          />
        )}
      </Panel>
      <Panel title="Who bets on moving it" flush>
        {bets.length === 0 ? (
          <p className={classes.none}>No initiative names this key result.</p>
        ) : (
          <ul className={classes.bets}>
            {bets.map((i) => (
              <li key={i.id}>
                <InLink href={`/initiatives/${i.id}`} look="quiet">
                  <b>{i.title}</b>
                </InLink>
                <Status {...initiativeState(i)} />
                <span className={`num ${classes.quiet}`}>
                  {i.result.predicted === undefined
                    ? "nothing predicted"
                    : `predicted ${signed(i.result.predicted, changeUnit(k.unit))}`}
                  {i.result.measured !== undefined &&
                    `, measured ${signed(i.result.measured, resultUnit(i.result.unit, i.result.comparable))} (grade ${i.result.grade})`}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {edited && (
        <KeyResultForm objective={k.objective} keyResult={edited} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  );
}
