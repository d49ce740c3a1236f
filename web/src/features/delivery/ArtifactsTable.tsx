import { IconPackage } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages } from "~/api/ask";
import { format } from "~/lib/number";
import { CommitName } from "~/object/Names";
import { PagedTable } from "~/object/PagedTable";
import { short } from "~/object/subject";
import type { Column } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Status } from "~/ui/Status";
import { whenColumn } from "./columns";
import type { Artifact } from "./delivery";

/** What the pipeline published of a component. */
export function ArtifactsTable({ component }: { component: string }) {
  const query = useInfiniteQuery(
    askPages("/api/v1/artifacts", { query: { component, limit: 50 }, kinds: ["artifact", "rollout"] }),
  );
  const columns: Column<Artifact>[] = [
    { id: "version", header: "Version", cell: (a) => a.version, align: "right", width: "66px" },
    {
      id: "digest",
      header: "Digest",
      cell: (a) => <code>{short(a.digest)}</code>,
      width: "100px",
      small: "68px",
    },
    {
      id: "state",
      header: "State",
      width: "minmax(120px, 2fr)",
      small: "minmax(0, 1fr)",
      cell: (a) =>
        a.bad ? (
          <span title={a.why}>
            <Status state="rolled-back" label="marked bad" />
          </span>
        ) : (
          <Status state="done" label="published" />
        ),
    },
    {
      id: "commit",
      header: "Commit",
      cell: (a) => <CommitName component={component} commit={a.commit} />,
      width: "90px",
      small: "68px",
    },
    {
      id: "size",
      header: "Size",
      align: "right",
      width: "90px",
      cell: (a) => format(a.size, "bytes"),
      wide: true,
    },
    whenColumn("Published", (a) => a.published),
  ];
  return (
    <PagedTable
      label="Artifacts"
      query={query}
      columns={columns}
      rowId={(a) => a.digest}
      href={(a) => `/artifacts/${encodeURIComponent(a.digest)}`}
      empty={
        <Empty icon={IconPackage} title="No artifacts yet" small>
          A run that succeeds on the trunk publishes one: an image with its bill of materials and signed
          provenance.
        </Empty>
      }
    />
  );
}
