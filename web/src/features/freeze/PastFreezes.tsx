import { IconSnowflake } from "@tabler/icons-react";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { endOf, type Freeze, forWhat, freezeState, length, stateAt } from "./freeze";

/** The freezes that are over, with who ended those before their time and why. */
export function PastFreezes({ freezes, now }: { freezes: readonly Freeze[]; now: number }) {
  const columns: Column<Freeze>[] = [
    {
      id: "name",
      header: "Freeze",
      width: "minmax(140px, 1.2fr)",
      cell: (f) => <span title={f.name}>{f.name}</span>,
    },
    { id: "for", header: "For", width: "minmax(110px, 0.8fr)", cell: forWhat, wide: true },
    {
      id: "state",
      header: "Ended",
      width: "90px",
      cell: (f) => <Status {...freezeState(stateAt(f, now))} />,
    },
    {
      id: "why",
      header: "Why",
      width: "minmax(180px, 2fr)",
      wide: true,
      cell: (f) => {
        const words = f.liftedReason ? `${f.liftedReason} (lifted by ${f.liftedBy})` : f.reason;
        return <span title={words}>{words}</span>;
      },
    },
    { id: "by", header: "Declared by", width: "120px", wide: true, cell: (f) => f.declaredBy },
    { id: "length", header: "Lasted", align: "right", width: "92px", cell: length },
    {
      id: "at",
      header: "Until",
      align: "right",
      width: "92px",
      wide: true,
      cell: (f) => <Ago at={endOf(f)} />,
    },
  ];
  return (
    <Panel title="Over" note={freezes.length} flush>
      <DataTable
        label="Freezes that are over"
        columns={columns}
        rows={freezes}
        rowId={(f) => f.id}
        pending={false}
        error={null}
        empty={
          <Empty icon={IconSnowflake} title="None yet" small>
            Freezes that are over or lifted stay here.
          </Empty>
        }
      />
    </Panel>
  );
}
