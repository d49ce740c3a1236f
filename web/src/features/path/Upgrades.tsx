import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { changeHref } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { Status } from "~/ui/Status";
import classes from "./Path.module.css";
import { cohorts, type Path, progress, stageOf, type Upgrade, type Upgraded, upgradeState } from "./path";

const kinds = ["upgrade", "component", "change", "check"];

/** The upgrades of a path, the latest with all its components. */
export function Upgrades({ path: p, onStart }: { path: Path; onStart: (() => void) | undefined }) {
  const upgrades = useQuery(ask("/api/v1/upgrades", { query: { path: p.name, limit: 20 }, kinds }));
  const [chosen, setChosen] = useState<string>();
  const list = upgrades.data?.items;
  const id = chosen ?? list?.[0]?.id;
  if (upgrades.error) return <Problem error={upgrades.error} retry={() => void upgrades.refetch()} />;
  if (!list) return <RowsSkeleton rows={6} />;
  if (!id) {
    return (
      <Empty
        icon={IconArrowUp}
        title="No upgrade yet"
        {...(onStart ? { start: { label: `Bring ${p.version} to its components`, onClick: onStart } } : {})}
      >
        An upgrade brings a newer version to the components of this path, as a change in each, cohort after
        cohort.
      </Empty>
    );
  }
  const columns: readonly Column<Upgrade>[] = [
    {
      id: "version",
      header: "Version",
      cell: (u) => <b style={{ fontWeight: 560 }}>{u.version}</b>,
      width: "90px",
    },
    { id: "state", header: "State", cell: (u) => <Status {...upgradeState(u)} />, width: "120px" },
    {
      id: "progress",
      header: "Components",
      cell: (u) => progress(u.counts),
      width: "minmax(120px, 2fr)",
      small: "minmax(0, 1fr)",
    },
    { id: "by", header: "By", cell: (u) => u.by, width: "140px", wide: true },
    {
      id: "started",
      header: "Started",
      align: "right",
      cell: (u) => <Ago at={u.started} />,
      width: "92px",
      wide: true,
    },
    {
      id: "act",
      header: "Look",
      align: "right",
      width: "90px",
      small: "80px",
      cell: (u) => (
        <Button
          size="compact-xs"
          variant={u.id === id ? "light" : "default"}
          aria-pressed={u.id === id}
          onClick={() => setChosen(u.id)}
        >
          {u.id === id ? "shown" : "show"}
        </Button>
      ),
    },
  ];
  return (
    <>
      <One key={id} id={id} />
      {list.length > 1 && (
        <Panel title="All upgrades" note={list.length} flush>
          <DataTable
            label={`Upgrades of ${p.name}`}
            columns={columns}
            rows={list}
            rowId={(u) => u.id}
            pending={false}
            error={undefined}
            empty={null}
          />
        </Panel>
      )}
    </>
  );
}

type Verb = "pause" | "resume" | "stop";

const verbs: Record<Verb, { label: string; will: string[]; undo: string }> = {
  pause: {
    label: "Pause",
    will: ["Let no further cohort's turn come", "Let what has begun go on"],
    undo: "It can go on at any time.",
  },
  resume: {
    label: "Go on",
    will: ["Accept what failed in the cohort whose turn it is", "Let the next cohorts' turns come"],
    undo: "It can be paused again.",
  },
  stop: {
    label: "Stop",
    will: ["Close its changes that are not merged; their branches stay", "Leave out whose turn has not come"],
    undo: "What is merged stays. A new upgrade can be started at any time.",
  },
};

function One({ id }: { id: string }) {
  const upgrade = useQuery(ask("/api/v1/upgrades/{id}", { path: { id }, kinds }));
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Verb>();
  const no = useCannot("build");
  const u = upgrade.data;
  if (upgrade.error) return <Problem error={upgrade.error} retry={() => void upgrade.refetch()} />;
  if (!u) return <RowsSkeleton rows={6} />;
  const levers: Verb[] =
    u.state === "running" ? ["pause", "stop"] : u.state === "paused" ? ["resume", "stop"] : [];
  const conflicts = (u.components ?? []).filter((c) => c.state === "conflict" && c.conflicts?.length);
  const columns: readonly Column<Upgraded>[] = [
    {
      id: "component",
      header: "Component",
      cell: (c) => (
        <InLink href={`/components/${encodeURIComponent(c.component)}?view=path`} look="quiet">
          <b style={{ fontWeight: 560 }}>{c.component}</b>
        </InLink>
      ),
      sort: (c) => c.component,
      width: "minmax(130px, 1fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "cohort",
      header: "Cohort",
      align: "right",
      cell: (c) => c.cohort,
      sort: (c) => c.cohort,
      width: "70px",
      wide: true,
    },
    {
      id: "state",
      header: "State",
      cell: (c) => <Status {...stageOf(c)} />,
      sort: (c) => stageOf(c).label,
      width: "140px",
      small: "130px",
    },
    {
      id: "change",
      header: "Change",
      cell: (c) => (c.change ? <InLink href={changeHref(c.change)}>{c.change.split(":")[1]}</InLink> : ""),
      width: "70px",
      small: "50px",
    },
    {
      id: "reason",
      header: "What it waits for",
      cell: (c) => (
        <span className={classes.text} title={c.reason}>
          {c.reason}
        </span>
      ),
      width: "minmax(120px, 2fr)",
      wide: true,
    },
    {
      id: "changed",
      header: "Since",
      align: "right",
      cell: (c) => <Ago at={c.changed} />,
      width: "92px",
      wide: true,
    },
  ];
  return (
    <>
      <Panel
        title={
          <span className={classes.lead}>
            To version {u.version} <Status {...upgradeState(u)} />
          </span>
        }
        note={progress(u.counts)}
        actions={
          !no &&
          levers.map((v) => (
            <Button key={v} size="xs" variant="default" onClick={() => setAsked(v)}>
              {verbs[v].label}
            </Button>
          ))
        }
      >
        {u.reason && <p className={classes.reason}>{u.reason}</p>}
        <div className={classes.cohorts}>
          {cohorts(u).map((c) => (
            <div key={c.number} className={classes.cohort}>
              <b>
                Cohort {c.number}, {c.size} {c.size === 1 ? "component" : "components"}
              </b>
              <div className={classes.bar} aria-hidden>
                {c.parts.map((part) => (
                  <i key={part.id} data-part={part.id} style={{ flex: part.count }} />
                ))}
              </div>
              <span>{c.parts.map((part) => `${part.count} ${part.label}`).join(", ")}</span>
            </div>
          ))}
        </div>
        <p className={classes.note}>
          Started by {u.by} <Ago at={u.started} />. It pauses when more than {u.failures} % of a cohort are
          red.
        </p>
      </Panel>
      {conflicts.length > 0 && <Conflicts of={conflicts} />}
      <Panel title="Components" note={u.components?.length} flush>
        <DataTable
          label="Components of the upgrade"
          columns={columns}
          rows={u.components ?? []}
          rowId={(c) => c.component}
          pending={false}
          error={undefined}
          empty={null}
        />
      </Panel>
      {asked && (
        <ConfirmDialog
          title={`${verbs[asked].label} the upgrade to ${u.path} ${u.version}?`}
          needs="build"
          will={verbs[asked].will}
          undo={verbs[asked].undo}
          action={verbs[asked].label}
          onConfirm={async () => {
            await send("post", `/api/v1/upgrades/{id}/${asked}`, { id });
            await queries.invalidateQueries({ queryKey: ["/api/v1/upgrades"] });
            await upgrade.refetch();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

/** The places that teams must settle, both sides beside each other. */
export function Conflicts({ of }: { of: readonly Upgraded[] }) {
  return (
    <Panel title="What teams must settle" note={of.length}>
      <ul className={classes.conflicts}>
        {of.flatMap((c) =>
          (c.conflicts ?? []).map((f) => (
            <li key={`${c.component} ${f.path}`}>
              <div className={classes.lead}>
                {c.change ? (
                  <InLink href={changeHref(c.change)}>{c.component}</InLink>
                ) : (
                  <span>{c.component}</span>
                )}
                <code>{f.path}</code>
                {f.hunks.length === 0 && <span>One side deleted or renamed what the other changed.</span>}
              </div>
              {f.hunks.map((h) => (
                <div key={h.line} className={classes.sides}>
                  <div>
                    <span>The team's, near line {h.line}</span>
                    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, also for the keyboard */}
                    <pre tabIndex={0}>{h.ours || "nothing"}</pre>
                  </div>
                  <div>
                    <span>The path's</span>
                    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by itself, also for the keyboard */}
                    <pre tabIndex={0}>{h.theirs || "nothing"}</pre>
                  </div>
                </div>
              ))}
            </li>
          )),
        )}
      </ul>
    </Panel>
  );
}
