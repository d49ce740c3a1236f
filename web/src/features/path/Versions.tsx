import { Button } from "@mantine/core";
import { IconTag } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Path.module.css";
import { type Path, type Version, versionState } from "./path";

/** The versions of a path: which is offered, how each was tried, and how many components are on it. */
export function Versions({ path: p }: { path: Path }) {
  const versions = useQuery(
    ask("/api/v1/paths/{name}/versions", { path: { name: p.name }, kinds: ["path", "component", "check"] }),
  );
  const [back, setBack] = useState<Version>();
  const [again, setAgain] = useState<Version>();
  const no = useCannot("publish-path");
  const queries = useQueryClient();
  const list = versions.data?.items;
  const offered = (list ?? []).filter((v) => v.state === "offered");
  const before = offered.find((v) => v.version !== back?.version);
  // Versions come newest first.
  const at = (list ?? []).findIndex((v) => v.version === again?.version);
  const newer = (list ?? []).slice(0, Math.max(0, at)).find((v) => v.state === "offered");
  const columns: readonly Column<Version>[] = [
    {
      id: "version",
      header: "Version",
      cell: (v) => <b style={{ fontWeight: 560 }}>{v.version}</b>,
      width: "90px",
      small: "58px",
    },
    {
      id: "state",
      header: "State",
      cell: (v) => <Status {...versionState(v)} />,
      width: "120px",
      small: "minmax(0, 1fr)",
    },
    {
      id: "reason",
      header: "How it was tried",
      width: "minmax(120px, 2fr)",
      wide: true,
      cell: (v) => (
        <span className={classes.text} title={v.reason}>
          {v.run ? <InLink href={`/runs/${v.run}`}>its run</InLink> : "comes with the program"}
          {v.step && `, step ${v.step}`}
          {v.reason && `: ${v.reason}`}
        </span>
      ),
    },
    { id: "by", header: "By", cell: (v) => v.by ?? "", width: "130px", wide: true },
    {
      id: "changed",
      header: "Since",
      align: "right",
      cell: (v) => <Ago at={v.changed} />,
      width: "92px",
      wide: true,
    },
    {
      id: "components",
      header: "Used by",
      align: "right",
      cell: (v) => v.components,
      width: "100px",
      small: "54px",
    },
    ...(no
      ? []
      : [
          {
            id: "act",
            header: "Change",
            align: "right" as const,
            width: "110px",
            small: "86px",
            cell: (v: Version) =>
              v.state === "offered" && offered.length > 1 ? (
                <Button size="compact-xs" variant="default" onClick={() => setBack(v)}>
                  Take back
                </Button>
              ) : v.state === "withdrawn" ? (
                <Button size="compact-xs" variant="default" onClick={() => setAgain(v)}>
                  Offer again
                </Button>
              ) : null,
          },
        ]),
  ];
  return (
    <Panel title="Versions" note={list?.length || undefined} flush>
      <DataTable
        label={`Versions of ${p.name}`}
        columns={columns}
        rows={list}
        rowId={(v) => v.version}
        pending={versions.isPending}
        error={versions.error}
        retry={() => void versions.refetch()}
        empty={
          <Empty
            icon={IconTag}
            title="No version yet"
            small
            start={{ command: `factory path publish ${p.name}` }}
          >
            A version is tried before it is offered.
          </Empty>
        }
      />
      <ReasonDialog
        opened={back !== undefined}
        onClose={() => setBack(undefined)}
        title={`Take ${p.name} ${back?.version ?? ""} back?`}
        needs="publish-path"
        danger
        will={[
          `Offer ${before?.version ?? "the version before"} to new components and upgrades instead`,
          `Stop an upgrade that brings ${back?.version ?? "it"}, and close its changes that are not merged`,
          `Leave the ${back?.components ?? 0} components that have it as they are, until the next upgrade`,
        ]}
        undo="It can be offered again."
        action="Take it back"
        onConfirm={async (reason) => {
          await send(
            "post",
            "/api/v1/paths/{name}/versions/{version}/withdraw",
            { name: p.name, version: back?.version ?? "" },
            { reason },
          );
          await queries.invalidateQueries({ queryKey: ["/api/v1/paths/{name}", p.name] });
          await versions.refetch();
          void say(`${p.name} ${back?.version ?? ""} is withdrawn.`);
        }}
      />
      <ReasonDialog
        opened={again !== undefined}
        onClose={() => setAgain(undefined)}
        title={`Offer ${p.name} ${again?.version ?? ""} again?`}
        needs="publish-path"
        will={[
          newer
            ? `Leave ${newer.version} what new components get: it is newer`
            : `Offer ${again?.version ?? "it"} to new components and upgrades`,
          "Leave upgrades stopped that were stopped when it was taken back",
        ]}
        undo="It can be taken back again."
        action="Offer it again"
        onConfirm={async (reason) => {
          await send(
            "post",
            "/api/v1/paths/{name}/versions/{version}/offer",
            { name: p.name, version: again?.version ?? "" },
            { reason },
          );
          await queries.invalidateQueries({ queryKey: ["/api/v1/paths/{name}", p.name] });
          await versions.refetch();
          void say(`${p.name} ${again?.version ?? ""} is offered again.`);
        }}
      />
    </Panel>
  );
}
