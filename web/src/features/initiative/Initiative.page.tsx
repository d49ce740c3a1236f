import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { Asked } from "./Asked";
import { Decisions } from "./Decisions";
import { EffectPanel } from "./EffectPanel";
import classes from "./Initiative.module.css";
import { boardQuery, type Detail, initiativeQuery, initiativeState, money, sentence } from "./initiative";
import { Ranking } from "./Ranking";

/** An initiative as a business case on one page, whose numbers are alive. */
export function InitiativePage() {
  const { id } = useParams({ from: "/inside/initiatives/$id" });
  const initiative = useQuery(initiativeQuery(id));
  return (
    <Loaded
      query={initiative}
      kind="Initiative"
      title="Initiative"
      outline={<Outline main={[170, 230, 220, 240]} aside={[300, 230, 190]} />}
    >
      {(i) => <InitiativeView initiative={i} />}
    </Loaded>
  );
}

const works = { planned: "waiting", building: "running", released: "done" } as const;

function InitiativeView({ initiative: i }: { initiative: Detail }) {
  const board = useQuery(boardQuery);
  const objective = board.data?.objectives.find((o) => o.id === i.objective);
  const k = board.data?.objectives.flatMap((o) => o.keyResults).find((x) => x.id === i.keyResult);
  useCrumbs(useMemo(() => [{ title: i.title, href: `/initiatives/${i.id}` }], [i.title, i.id]));
  const lists = [
    ["Leading indicators", i.leadingIndicators],
    ["Non-functional requirements", i.nonFunctional],
  ] as const;
  return (
    <Page
      kind="Initiative"
      title={i.title}
      status={<Status look="pill" {...initiativeState(i)} />}
      owner={i.owner || "nobody yet"}
      lead={i.businessOutcome}
      thread={<ObjectThread kind="initiative" id={i.id} />}
      aside={
        <>
          <Asked initiative={i} />
          <Panel title="Money and time">
            <Details
              rows={[
                ["Estimate", money(i.cost) ?? "not estimated"],
                ["Budget", money(i.budget) ?? "none"],
                ["Day rate", money(i.dayRate) ?? "not declared"],
                ["Spent so far", i.spend.cost ? money(i.spend.cost) : "unknown without a day rate"],
                [
                  "In work",
                  i.spend.items === 0
                    ? "nothing was begun"
                    : `${format(i.spend.days * 86_400, "seconds")} over ${i.spend.items} item${i.spend.items === 1 ? "" : "s"}`,
                ],
              ]}
            />
          </Panel>
          <Panel title="What it serves">
            <Details
              rows={[
                [
                  "Objective",
                  objective ? (
                    <InLink key="o" href="/board" look="quiet">
                      {objective.title}
                    </InLink>
                  ) : null,
                ],
                ["Key result", k?.title ?? (i.keyResult ? "of the portfolio" : "none is chosen")],
                [
                  "Its value",
                  k?.value === undefined
                    ? k && "no data"
                    : `${format(k.value, { unit: k.unit })}, target ${format(k.target, { unit: k.unit })}`,
                ],
                ["In this state", <Ago key="s" at={i.since} />],
                [
                  "Proposed",
                  <span key="p">
                    {i.by}, <Ago at={i.created} />
                  </span>,
                ],
              ]}
            />
          </Panel>
        </>
      }
      history={<ObjectHistory subject={`initiative/${i.id}`} />}
    >
      <Panel title="Hypothesis">
        <p className={classes.sentence}>
          {sentence(i.hypothesis).map((p) => (
            <span key={p.lead}>
              {!/^[,.]/.test(p.lead) && " "}
              <span className={classes.lead}>{p.lead}</span>{" "}
              {p.said ?? <span className={classes.gap}>not said yet</span>}
            </span>
          ))}
          .
        </p>
        <div className={classes.parts}>
          {i.mvp && (
            <div>
              <h3>Smallest test</h3>
              <p>{i.mvp}</p>
            </div>
          )}
          {lists.map(([name, list]) =>
            list && list.length > 0 ? (
              <div key={name}>
                <h3>{name}</h3>
                <ul>
                  {list.map((x) => (
                    <li key={x}>{x}</li>
                  ))}
                </ul>
              </div>
            ) : null,
          )}
        </div>
      </Panel>
      <EffectPanel initiative={i} keyResult={k} />
      <Panel
        title="Features"
        note={`${i.features.building} building, ${i.features.planned} planned, ${i.features.released} released`}
        flush
      >
        {i.work.length === 0 ? (
          <p className={classes.none}>
            No product has taken it up yet. <InLink href="/products">Products</InLink> plan its features.
          </p>
        ) : (
          <ul className={classes.rows}>
            {i.work.map((f) => (
              <li key={f.id}>
                <InLink href={`/features/${f.id}`} look="quiet" className={classes.name}>
                  {f.title}
                </InLink>
                <Status state={works[f.state]} label={f.state} />
                <span className={`num ${classes.quiet}`}>
                  {f.items.done} of {f.items.ready + f.items.inWork + f.items.done} items done
                </span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Ranking initiative={i} board={board} />
      <Decisions decisions={i.decisions} />
    </Page>
  );
}
