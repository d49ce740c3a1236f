import { NativeSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconListSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { askPages } from "~/api/ask";
import { PagedTable } from "~/object/PagedTable";
import { itemState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
import { SearchField } from "~/ui/SearchField";
import { Status } from "~/ui/Status";
import { columnNames, type Item, type ItemState, states, typeNames } from "./board";
import classes from "./ItemsView.module.css";
import { useNames } from "./people";

const columnsOf = (nameOf: (assignee: string) => string): readonly Column<Item>[] => [
  { id: "id", header: "Item", cell: (i) => i.id, width: "84px" },
  { id: "title", header: "Title", cell: (i) => i.title, width: "minmax(160px, 3fr)" },
  { id: "type", header: "Type", cell: (i) => typeNames[i.type], width: "90px", wide: true },
  { id: "state", header: "State", cell: (i) => <Status {...itemState(i)} />, width: "150px" },
  { id: "who", header: "Who", cell: (i) => i.assignee && nameOf(i.assignee), width: "130px", wide: true },
  {
    id: "age",
    header: "Age",
    align: "right",
    width: "96px",
    wide: true,
    cell: (i) => (
      <Num
        value={i.started ? i.ageSeconds : null}
        unit="seconds"
        definition="Since somebody began it, until it was done or now."
      />
    ),
  },
  { id: "since", header: "Moved", align: "right", width: "96px", cell: (i) => <Ago at={i.since} /> },
];

/** Every item of a team, the newest first, narrowed by state and by words. */
export function ItemsView({ team }: { team: string }) {
  const search = useSearch({ from: "/inside/teams/$id" });
  const navigate = useNavigate({ from: "/teams/$id" });
  const state = states.find((s) => s === search.state);
  const [q] = useDebouncedValue(search.q ?? "", 200);
  const items = useInfiniteQuery({
    ...askPages("/api/v1/items", {
      query: { team, limit: 100, ...(state ? { state } : {}), ...(q ? { q } : {}) },
      kinds: ["item"],
    }),
    placeholderData: keepPreviousData,
  });
  const nameOf = useNames(team);
  const columns = useMemo(() => columnsOf(nameOf), [nameOf]);
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (s) => ({ ...s, ...change }), replace: true, resetScroll: false });
  return (
    <Panel flush>
      <div className={classes.filters}>
        <SearchField
          className={classes.search}
          placeholder="Identifier or words of the title"
          label="Search items"
          value={search.q ?? ""}
          onValue={(q) => set({ q: q || undefined })}
        />
        <NativeSelect
          size="xs"
          aria-label="State"
          value={state ?? ""}
          onChange={(e) => set({ state: e.currentTarget.value || undefined })}
        >
          <option value="">every state</option>
          {states.map((s: ItemState) => (
            <option key={s} value={s}>
              {columnNames[s]}
            </option>
          ))}
        </NativeSelect>
      </div>
      <PagedTable
        label="Items"
        columns={columns}
        query={items}
        rowId={(i) => i.id}
        href={(i) => `/items/${i.id}`}
        empty={
          <Empty icon={IconListSearch} title={q || state ? "Nothing is like this" : "No items yet"} small>
            {q || state ? "Try other words or another state." : "The first item begins on the board."}
          </Empty>
        }
      />
    </Panel>
  );
}
