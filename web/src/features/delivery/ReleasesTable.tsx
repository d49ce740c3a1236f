import { IconPackages } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { PagedTable } from "~/object/PagedTable";
import { releaseState } from "~/object/states";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Num } from "~/ui/Num";
import { Status } from "~/ui/Status";
import { type Narrow, whenColumn } from "./columns";
import { known, type Release, took, words } from "./delivery";

/** Versions of several components that go together or not at all, the newest first. */
export function ReleasesTable(n: Narrow) {
  const state = known("releases", n.state);
  const query = useInfiniteQuery(
    askPages("/api/v1/releases", {
      query: { ...(n.component ? { component: n.component } : {}), ...(state ? { state } : {}), limit: 50 },
      kinds: ["release", "rollout"],
    }),
  );
  const columns: Column<Release>[] = [
    {
      id: "name",
      header: "Release",
      cell: (r) => <span title={r.name}>{r.name}</span>,
      width: "minmax(180px, 2.1fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "state",
      header: "State",
      width: "minmax(104px, 0.4fr)",
      small: "112px",
      cell: (r) => <Status {...releaseState(r.state)} />,
    },
    {
      id: "why",
      header: "Why",
      cell: (r) => {
        const said = r.waiting ? `waits for ${r.waiting}` : r.why;
        return <span title={said}>{said}</span>;
      },
      width: "minmax(160px, 2fr)",
      wide: true,
    },
    { id: "by", header: "Chosen by", cell: (r) => r.byHand ?? "the factory", width: "110px", wide: true },
    {
      id: "parts",
      header: "Parts",
      align: "right",
      width: "52px",
      wide: true,
      cell: (r) => <Num value={r.parts.length} />,
    },
    {
      id: "took",
      header: "Took",
      align: "right",
      width: "84px",
      wide: true,
      cell: (r) => (
        <Num
          value={took({ started: r.created, ...(r.finished ? { finished: r.finished } : {}) })}
          unit="seconds"
          definition="From when it was put together to its end."
        />
      ),
    },
    whenColumn("Since", (r) => r.created),
  ];
  return (
    <PagedTable
      label="Releases"
      query={query}
      columns={columns}
      rowId={(r) => r.id}
      href={(r) => `/releases/${r.id}`}
      empty={
        n.state || n.component ? (
          <Empty
            icon={IconPackages}
            title="No release is like this"
            small
            start={{ label: "Show all releases", href: "/releases" }}
          >
            {n.component ? `None with ${n.component} among its parts` : "None"}
            {n.state ? ` is ${words(n.state)}` : ""}.
          </Empty>
        ) : (
          <Empty
            icon={IconPackages}
            title="No releases yet"
            small
            start={{ label: "Compose a release", href: "/releases/new" }}
          >
            Versions that require each other, as <code>.factory/component.yaml</code> says, become a release
            by themselves: they reach customers together or not at all. Others you can put together.
          </Empty>
        )
      }
    />
  );
}
