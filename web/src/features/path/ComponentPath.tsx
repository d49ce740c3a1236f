import { Button, Switch } from "@mantine/core";
import { IconArrowUp, IconFiles, IconPencil } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ask, type Schemas, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { changeHref } from "~/object/subject";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import { AnswerAnew } from "./AnswerAnew";
import classes from "./Path.module.css";
import {
  answered,
  answerWord,
  type DriftFile,
  driftWord,
  inputLabel,
  ownInputs,
  parked,
  pathHref,
  stageOf,
  worth,
} from "./path";
import { Conflicts } from "./Upgrades";

/** How a component stands to its golden path: its version, the one that is offered, and file by file. */
export function ComponentPath({ component: c }: { component: Schemas["Component"] }) {
  const drift = useQuery(
    ask("/api/v1/components/{name}/drift", {
      path: { name: c.name },
      kinds: ["commits", "path", "upgrade", "change", "check"],
    }),
  );
  const path = useQuery(ask("/api/v1/paths/{name}", { path: { name: c.path }, kinds: ["path"] }));
  const inputs = useMemo(() => ownInputs(path.data), [path.data]);
  const [anew, setAnew] = useState(false);
  const [all, setAll] = useState(false);
  const [asked, setAsked] = useState(false);
  const no = useCannot("build");
  const queries = useQueryClient();
  const d = drift.data;
  const waits = d?.offered && d.offered !== d.version ? d.offered : undefined;
  const u = d?.upgrade;
  // What is on the way, or waits for the team, is not begun again.
  const busy = u && d?.to === waits && (u.state === "preparing" || u.state === "open" || parked(u));
  const columns: readonly Column<DriftFile>[] = [
    {
      id: "path",
      header: "File",
      cell: (f) => <code className={classes.text}>{f.path}</code>,
      sort: (f) => f.path,
      width: "minmax(160px, 2fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "state",
      header: "In the trunk",
      cell: driftWord,
      sort: driftWord,
      width: "minmax(120px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "next",
      header: waits ? `In ${waits}` : "Newer version",
      cell: (f) => f.next ?? "as it is",
      sort: (f) => f.next ?? "",
      width: "140px",
      small: "80px",
    },
  ];
  const files = d && (all ? d.files : worth(d.files));
  return (
    <>
      <Panel
        title={
          <span className={classes.lead}>
            <InLink href={pathHref(c.path)}>{c.path}</InLink> {d?.version ?? c.pathVersion}
            {waits ? (
              <Status state="waiting" label={`${waits} waits`} />
            ) : (
              d && <Status state="done" label="up to date" />
            )}
          </span>
        }
        actions={
          waits &&
          !no &&
          !busy && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconArrowUp size={15} stroke={1.8} aria-hidden />}
              onClick={() => setAsked(true)}
            >
              Upgrade it
            </Button>
          )
        }
      >
        {u && (
          <div className={classes.lead}>
            <span>
              {u.answers
                ? `Answered anew: ${Object.keys(u.answers).join(", ")}`
                : `Upgrade to ${d?.to ?? ""}`}
            </span>{" "}
            <Status {...stageOf(u)} />
            {u.change && <InLink href={changeHref(u.change)}>change {u.change.split(":")[1]}</InLink>}
            {u.reason && <span>{u.reason}</span>}
          </div>
        )}
        {u && u.state === "conflict" && d && (
          <>
            <p className={classes.note}>Settle it on its branch, and the change can be merged:</p>
            <Copyable text={`git fetch && git switch ${u.branch} && git merge origin/main`} look="command" />
          </>
        )}
        {!u && (
          <p className={classes.note}>
            The version that the trunk has, merged with what the team made of it, is what an upgrade begins
            with.
          </p>
        )}
      </Panel>
      {u && u.state === "conflict" && u.conflicts && u.conflicts.length > 0 && <Conflicts of={[u]} />}
      {inputs.length > 0 && (
        <Panel
          title="Answers"
          actions={
            !no && (
              <Button
                size="xs"
                variant="default"
                leftSection={<IconPencil size={15} stroke={1.8} aria-hidden />}
                onClick={() => setAnew(true)}
              >
                Answer anew
              </Button>
            )
          }
        >
          <dl className={classes.parts}>
            {inputs.map((i) => (
              <div key={i.name}>
                <dt title={i.text}>{inputLabel(i.name)}</dt>
                <dd>{answerWord(i, answered(i, c.answers))}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      )}
      {anew && <AnswerAnew component={c} inputs={inputs} onClose={() => setAnew(false)} />}
      <Panel
        title="Files"
        note={files?.length}
        actions={
          <Switch
            size="xs"
            label="All files"
            checked={all}
            onChange={(e) => setAll(e.currentTarget.checked)}
          />
        }
        flush
      >
        <DataTable
          label={`Files of ${c.name} against its path`}
          columns={columns}
          rows={files}
          rowId={(f) => f.path}
          href={(f) => `/components/${encodeURIComponent(c.name)}/files?path=${encodeURIComponent(f.path)}`}
          pending={drift.isPending}
          error={drift.error}
          retry={() => void drift.refetch()}
          empty={
            <Empty icon={IconFiles} title="Nothing differs" small>
              Every file of the path is as the path has it. The team's own files are shown with all.
            </Empty>
          }
        />
      </Panel>
      {asked && waits && (
        <ConfirmDialog
          title={`Bring ${c.path} ${waits} to ${c.name}?`}
          needs="build"
          will={[
            `Merge version ${waits} with what the team made of ${c.pathVersion}, as a change`,
            "Have it merged by itself when the pipeline is green and the component's rules are kept",
            "Leave the trunk as it is, and show the places, when it conflicts",
          ]}
          undo="The change can be closed; a merge can be reverted like any."
          action="Upgrade it"
          onConfirm={async () => {
            await send(
              "post",
              "/api/v1/paths/{name}/upgrades",
              { name: c.path },
              { version: waits, only: [c.name] },
            );
            await queries.invalidateQueries({ queryKey: ["/api/v1/components/{name}/drift", c.name] });
            void say(`${c.path} ${waits} is on its way to ${c.name}.`);
          }}
          onClose={() => setAsked(false)}
        />
      )}
    </>
  );
}
