import { IconListDetails } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { fill } from "~/api/ask";
import { call } from "~/api/client";
import { format } from "~/lib/number";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { SearchField } from "~/ui/SearchField";
import classes from "./Artifact.module.css";
import type { Artifact } from "./artifact";
import { Download } from "./Download";
import { look, type Part, readBill } from "./sbom";

const columns: readonly Column<Part>[] = [
  {
    id: "name",
    header: "Part",
    cell: (p) => <span title={p.purl || p.name}>{p.name}</span>,
    sort: (p) => p.name,
    width: "minmax(180px, 3.4fr)",
    small: "minmax(0, 2.4fr)",
  },
  {
    id: "version",
    header: "Version",
    cell: (p) => p.version,
    sort: (p) => p.version,
    width: "minmax(90px, 1.2fr)",
    small: "minmax(0, 1fr)",
  },
  { id: "type", header: "Kind", cell: (p) => p.type, sort: (p) => p.type, width: "52px", wide: true },
  { id: "licence", header: "Licence", cell: (p) => p.licences || "not stated", width: "76px", wide: true },
];

/** What the image is made of, to search and to take along. */
export function Bill({ artifact: a }: { artifact: Artifact }) {
  const search = useSearch({ from: "/inside/artifacts/$digest" });
  const navigate = useNavigate({ from: "/artifacts/$digest" });
  const path = fill("/api/v1/artifacts/{id}/sbom", { id: a.digest });
  const bill = useQuery({
    queryKey: ["/api/v1/artifacts/{id}/sbom", a.digest],
    queryFn: async () => readBill(await call("GET", path)),
    staleTime: Number.POSITIVE_INFINITY, // a digest names its bytes for ever
  });
  const shown = look(bill.data?.parts ?? [], search.q ?? "");
  return (
    <Panel
      title="What it is made of"
      note={bill.data ? `${format(bill.data.parts.length, "count")} parts, ${bill.data.spec}` : undefined}
      flush
      actions={<Download href={path} name={`${a.component}-${a.version}.cdx.json`} />}
    >
      {(bill.data?.parts.length ?? 0) > 0 && (
        <div className={classes.filters}>
          <SearchField
            className={classes.search}
            placeholder="Name, version or licence"
            label="Search the parts"
            value={search.q ?? ""}
            onValue={(q) => void navigate({ search: q ? { q } : {}, replace: true, resetScroll: false })}
          />
        </div>
      )}
      <DataTable
        label="Parts"
        columns={columns}
        rows={bill.data ? shown : undefined}
        rowId={(p) => p.ref}
        pending={bill.isPending}
        error={bill.error}
        retry={() => void bill.refetch()}
        empty={
          <Empty
            icon={IconListDetails}
            title={search.q ? "No part is called so" : "It is made of nothing else"}
            small
          >
            {search.q
              ? "Try another word."
              : "The bill of materials lists no part beside the service itself."}
          </Empty>
        }
      />
    </Panel>
  );
}
