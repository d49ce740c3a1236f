import { IconListNumbers } from "@tabler/icons-react";
import { format } from "~/lib/number";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { type Initiative, initiativeState, moneyWords, sets } from "./board";
import classes from "./Ranked.module.css";

const part = (
  id: string,
  header: string,
  of: (i: Initiative) => number | undefined,
  width = "60px",
): Column<Initiative> => ({
  id,
  header,
  align: "right",
  width,
  wide: true,
  sort: (i) => of(i) ?? null,
  cell: (i) => {
    const n = of(i);
    return n === undefined ? <span className={classes.none}>–</span> : n;
  },
});

const columns: readonly Column<Initiative>[] = [
  {
    id: "rank",
    header: "Rank",
    width: "58px",
    small: "38px",
    align: "right",
    sort: (i) => i.wsjf?.rank || null,
    cell: (i) => (i.wsjf && i.wsjf.rank > 0 ? i.wsjf.rank : <span className={classes.none}>–</span>),
  },
  {
    id: "title",
    header: "Initiative",
    width: "minmax(150px, 2fr)",
    small: "minmax(0, 1fr)",
    sort: (i) => i.title,
    cell: (i) => (
      <InLink href={`/initiatives/${i.id}`} look="quiet">
        <b className={classes.title}>{i.title}</b>
      </InLink>
    ),
  },
  {
    id: "wsjf",
    header: "WSJF",
    width: "66px",
    small: "46px",
    align: "right",
    sort: (i) => i.wsjf?.wsjf ?? null,
    cell: (i) => (i.wsjf ? <b>{format(i.wsjf.wsjf, "count")}</b> : <span className={classes.none}>–</span>),
  },
  part("value", "Value", (i) => i.wsjf?.userBusinessValue),
  part("time", "Time", (i) => i.wsjf?.timeCriticality),
  part("risk", "Risk", (i) => i.wsjf?.riskReduction),
  part("delay", "Cost of delay", (i) => i.wsjf?.costOfDelay, "100px"),
  part("size", "Job size", (i) => i.wsjf?.jobSize, "74px"),
  {
    id: "cost",
    header: "Cost",
    width: "80px",
    align: "right",
    wide: true,
    sort: (i) => i.cost?.amount ?? null,
    cell: (i) => (i.cost ? moneyWords(i.cost) : <span className={classes.none}>–</span>),
  },
  {
    id: "state",
    header: "State",
    width: "126px",
    small: "118px",
    sort: (i) => i.state,
    cell: (i) => <Status {...initiativeState(i)} label={i.state} />,
  },
];

/** The initiatives ranked by what delay costs for each unit of work, with the parts of the score. */
export function Ranked({ initiatives }: { initiatives: readonly Initiative[] }) {
  return (
    <div className={classes.sets}>
      {sets(initiatives).map(({ set, list }) => (
        <Panel
          key={set}
          title={set ? `Scored together in ${set}` : "Not scored yet"}
          note={set ? "WSJF = (value + time + risk) / job size" : list.length}
          flush
        >
          <DataTable
            label={set ? `Initiatives scored in ${set}` : "Initiatives without scores"}
            columns={columns}
            rows={list}
            rowId={(i) => i.id}
            href={(i) => `/initiatives/${i.id}`}
            pending={false}
            error={null}
            empty={
              <Empty icon={IconListNumbers} title="Nothing to rank" small>
                Initiatives with scores stand here.
              </Empty>
            }
          />
        </Panel>
      ))}
    </div>
  );
}
