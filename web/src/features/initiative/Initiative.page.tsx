import { Button } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
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
import { InitiativeForm } from "../board/forms";
import { Asked } from "./Asked";
import { Decisions } from "./Decisions";
import { EffectPanel } from "./EffectPanel";
import { Features } from "./Features";
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

function InitiativeView({ initiative: i }: { initiative: Detail }) {
  const board = useQuery(boardQuery);
  // The form keeps what it began with while the page goes on living under it.
  const [edited, setEdited] = useState<Detail>();
  const all = board.data?.objectives.flatMap((o) => o.keyResults) ?? [];
  const objective = board.data?.objectives.find((o) => o.id === i.objective);
  const k = all.find((x) => x.id === i.keyResult);
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
      actions={
        i.state !== "done" && (
          <Button variant="default" leftSection={<IconPencil size={15} />} onClick={() => setEdited(i)}>
            Change
          </Button>
        )
      }
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
                    <InLink key="o" href={`/board?objective=${objective.id}`} look="quiet">
                      {objective.title}
                    </InLink>
                  ) : null,
                ],
                [
                  "Key result",
                  k ? (
                    <InLink key="k" href={`/key-results/${k.id}`} look="quiet">
                      {k.title}
                    </InLink>
                  ) : i.keyResult ? (
                    "of the portfolio"
                  ) : (
                    "none is chosen"
                  ),
                ],
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
      <Panel
        title="Hypothesis"
        actions={
          sentence(i.hypothesis).some((p) => p.said === null) &&
          i.state !== "done" && (
            <Button size="compact-sm" variant="subtle" onClick={() => setEdited(i)}>
              Write it
            </Button>
          )
        }
      >
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
      <Features initiative={i} keyResult={(id) => all.find((x) => x.id === id)} />
      <Ranking initiative={i} board={board} onScore={() => setEdited(i)} />
      <Decisions decisions={i.decisions} />
      {edited && <InitiativeForm initiative={edited} keyResults={all} onClose={() => setEdited(undefined)} />}
    </Page>
  );
}
