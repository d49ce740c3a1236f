import { Button } from "@mantine/core";
import { IconArrowUp, IconPlus, IconTag } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, askPages, rowsOf, send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { Outline } from "~/object/Outline";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { Copyable } from "~/ui/Copyable";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Prose } from "~/ui/Prose";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Path.module.css";
import { behind, type Path, pathHref, versionState } from "./path";
import { StartUpgrade } from "./StartUpgrade";
import { Upgrades } from "./Upgrades";
import { Versions } from "./Versions";

/** A golden path: what one gets from it, its versions, who is on which, and how a newer one comes to them. */
export function PathPage() {
  const { name } = useParams({ from: "/inside/paths/$name" });
  const path = useQuery(
    ask("/api/v1/paths/{name}", { path: { name }, kinds: ["path", "component", "upgrade"] }),
  );
  return (
    <Loaded
      query={path}
      kind="Golden path"
      title={name}
      outline={<Outline main={[36, 200, 240]} thread={false} />}
    >
      {(p) => <PathView path={p} />}
    </Loaded>
  );
}

const views = [
  { id: "overview", name: "What one gets" },
  { id: "versions", name: "Versions" },
  { id: "components", name: "Components" },
  { id: "upgrades", name: "Upgrades" },
];

function PathView({ path: p }: { path: Path }) {
  const search = useSearch({ from: "/inside/paths/$name" });
  const [asked, setAsked] = useState<"publish" | "upgrade">();
  const queries = useQueryClient();
  const no = useCannot("publish-path");
  useCrumbs(
    useMemo(
      () => [
        { title: "Golden paths", href: "/platform" },
        { title: p.name, href: pathHref(p.name) },
      ],
      [p.name],
    ),
  );
  const view = views.some((v) => v.id === search.view) ? (search.view ?? "overview") : "overview";
  const late = behind(p);
  const again = () => queries.invalidateQueries({ queryKey: ["/api/v1/paths/{name}/versions", p.name] });
  return (
    <Page
      kind="Golden path"
      // Until a version of its own is offered, its title is that of the path it begins as.
      title={p.version ? p.title || p.name : p.name}
      status={
        p.version ? (
          <Status look="pill" state="done" label={`${p.version} offered`} />
        ) : (
          <Status look="pill" state="waiting" label="nothing offered yet" />
        )
      }
      lead={p.description || "It has a repository, and no version that is offered yet."}
      actions={
        <>
          {!no && p.repository && (
            <Button
              variant="default"
              leftSection={<IconTag size={16} stroke={1.8} aria-hidden />}
              onClick={() => setAsked("publish")}
            >
              Publish a version
            </Button>
          )}
          {!no && late > 0 && p.version && (
            <Button
              variant="default"
              leftSection={<IconArrowUp size={16} stroke={1.8} aria-hidden />}
              onClick={() => setAsked("upgrade")}
            >
              Upgrade {late} {late === 1 ? "component" : "components"}
            </Button>
          )}
          {p.version && (
            <Button
              component={InLink}
              href={`/platform/new?path=${p.name}`}
              look="bare"
              leftSection={<IconPlus size={16} stroke={2} aria-hidden />}
            >
              New component
            </Button>
          )}
        </>
      }
      history={view === "overview" ? <ObjectHistory subject={`path/${p.name}`} /> : undefined}
    >
      <Views label={`Views of ${p.name}`} views={views} here={view} first="overview" />
      {view === "overview" && <Overview path={p} />}
      {view === "versions" && <Versions path={p} />}
      {view === "components" && <Components path={p} />}
      {view === "upgrades" && (
        <Upgrades path={p} onStart={late > 0 && !no ? () => setAsked("upgrade") : undefined} />
      )}
      {asked === "publish" && (
        <ConfirmDialog
          title={`Publish a version of ${p.name}?`}
          needs="publish-path"
          will={[
            <>
              Read the version from <code>path.yaml</code> at the head of <code>main</code> of {p.repository}
            </>,
            "Render it with the answers of its example, and run the pipeline that it renders",
            "Offer it to new components and upgrades when that is green; a version that is offered never changes",
          ]}
          action="Publish"
          onConfirm={async () => {
            const v = await send("post", "/api/v1/paths/{name}/versions", { name: p.name }, {});
            await again();
            void say(`${p.name} ${v.version} is being tried.`);
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === "upgrade" && <StartUpgrade path={p} late={late} onClose={() => setAsked(undefined)} />}
    </Page>
  );
}

function Overview({ path: p }: { path: Path }) {
  return (
    <>
      {p.trying && (
        <Panel title={`Version ${p.trying.version}`}>
          <div className={classes.lead}>
            <Status {...versionState(p.trying)} />
            {p.trying.run && <InLink href={`/runs/${p.trying.run}`}>its run</InLink>}
            {p.trying.reason && (
              <span>
                {p.trying.step && <>Step {p.trying.step}: </>}
                {p.trying.reason}
              </span>
            )}
          </div>
        </Panel>
      )}
      {p.version ? (
        <Panel title="What a component gets" note={`version ${p.version}`}>
          <dl className={classes.parts}>
            {p.provides.map((x) => (
              <div key={x.name}>
                <dt>{x.name}</dt>
                <dd>{x.text}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      ) : (
        <Empty
          icon={IconTag}
          title="No version is offered yet"
          start={{ command: `git clone ${p.cloneUrl ?? ""}` }}
        >
          Change its templates, push them, and publish a version: it is tried before it is offered.
        </Empty>
      )}
      {p.news && (
        <Panel title={`New in ${p.version}`}>
          <Prose text={p.news} />
        </Panel>
      )}
      {p.version && (
        <>
          <Panel title="What it asks for" note={p.inputs.length}>
            <dl className={classes.parts}>
              {p.inputs.map((x) => (
                <div key={x.name}>
                  <dt>
                    {x.name}
                    {!x.required && " (optional)"}
                  </dt>
                  <dd>
                    {x.text}
                    {x.choices && x.choices.length > 0 && `: ${x.choices.join(", ")}`}
                    {x.default && `; ${x.default} when nothing is said`}
                  </dd>
                </div>
              ))}
            </dl>
          </Panel>
          <Panel title="Files of the first commit" note={p.files.length}>
            <ul className={classes.files}>
              {p.files.map((f) => (
                <li key={f}>
                  <code>{f}</code>
                </li>
              ))}
            </ul>
          </Panel>
        </>
      )}
      {p.version && p.cloneUrl && (
        <Panel title="Where it is written">
          <Copyable text={`git clone ${p.cloneUrl}`} look="command" />
        </Panel>
      )}
    </>
  );
}

function Components({ path: p }: { path: Path }) {
  const components = useInfiniteQuery(
    askPages("/api/v1/components", { query: { limit: 500 }, kinds: ["component", "path", "upgrade"] }),
  );
  const rows = rowsOf(components.data)?.filter((c) => c.path === p.name);
  type Row = NonNullable<typeof rows>[number];
  const columns: readonly Column<Row>[] = [
    {
      id: "name",
      header: "Component",
      cell: (c) => <b style={{ fontWeight: 560 }}>{c.name}</b>,
      sort: (c) => c.name,
      width: "minmax(140px, 1.4fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "team",
      header: "Team",
      cell: (c) => <TeamName team={c.team} />,
      sort: (c) => c.team,
      width: "140px",
      wide: true,
    },
    {
      id: "version",
      header: "Version",
      align: "right",
      cell: (c) => c.pathVersion,
      sort: (c) => c.pathVersion,
      width: "90px",
      small: "70px",
    },
    {
      id: "offered",
      header: "Upgrade",
      cell: (c) =>
        c.pathOffered ? (
          <Status state="waiting" label={`${c.pathOffered} waits`} />
        ) : (
          <Status state="done" label="up to date" />
        ),
      sort: (c) => c.pathOffered ?? "",
      width: "150px",
      small: "130px",
    },
  ];
  return (
    <Panel title="Components" note={rows?.length} flush>
      <DataTable
        label={`Components of ${p.name}`}
        columns={columns}
        rows={rows}
        rowId={(c) => c.name}
        href={(c) => `/components/${encodeURIComponent(c.name)}?view=path`}
        pending={components.isPending}
        error={components.error}
        retry={() => void components.refetch()}
        empty={
          <Empty icon={IconPlus} title="No component of it yet" small>
            A component that is created from this path appears here, with the version that it is on.
          </Empty>
        }
      />
    </Panel>
  );
}
