import { Button, NativeSelect } from "@mantine/core";
import { IconFilePlus, IconGitBranch, IconGitCommit, IconGitPullRequest } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useRouter, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ask, type Schemas } from "~/api/ask";
import { useCannot } from "~/api/me";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { Outline } from "~/object/Outline";
import { changeHref, short } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { FormDialog } from "~/ui/FormDialog";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Problem } from "~/ui/Problem";
import { OpenChange } from "../change/OpenChange";
import { Clashes } from "./Clashes";
import { CommitDialog } from "./CommitDialog";
import { DraftPanel } from "./DraftPanel";
import { wrongPath } from "./draft";
import { FileList } from "./FileList";
import { FilePanel } from "./FilePanel";
import classes from "./Files.module.css";
import { branchesQuery } from "./files";
import { useDraft } from "./useDraft";

type Component = Schemas["Component"];
type Branch = Schemas["Branch"];

/** The files of a component's repository, to read and to edit: a change can be made here from end to end. */
export function FilesPage() {
  const { name } = useParams({ from: "/inside/components/$name/files" });
  const component = useQuery(ask("/api/v1/components/{name}", { path: { name }, kinds: ["repository"] }));
  const branches = useQuery(branchesQuery(name));
  const both = {
    ...component,
    data: component.data && branches.data ? component.data : undefined,
  } as typeof component;
  const failed = component.error
    ? component
    : branches.error
      ? ({ ...branches, data: undefined } as never)
      : both;
  return (
    <Loaded
      query={failed}
      kind="Component"
      title={name}
      outline={<Outline thread={false} main={[40, 420]} />}
    >
      {(c) => <FilesView component={c} branches={branches.data?.items ?? []} />}
    </Loaded>
  );
}

function FilesView({ component: c, branches }: { component: Component; branches: readonly Branch[] }) {
  const search = useSearch({ from: "/inside/components/$name/files" });
  const navigate = useNavigate({ from: "/components/$name/files" });
  const queries = useQueryClient();
  const router = useRouter();
  const trunk = branches.find((b) => b.trunk)?.name ?? "main";
  const at = search.at ?? trunk;
  const branch = branches.find((b) => b.name === at);
  const path = search.path ?? "";
  const directory = path.slice(0, path.lastIndexOf("/") + 1);
  const no = useCannot("build");
  const [dialog, setDialog] = useState<"new" | "commit" | "open" | null>(null);
  const work = useDraft(c.name, at);
  useCrumbs(
    useMemo(
      () => [
        { title: c.name, href: `/components/${c.name}` },
        { title: "Files", href: `/components/${c.name}/files` },
      ],
      [c.name],
    ),
  );
  const go = (change: { at?: string | undefined; path?: string | undefined; edit?: string | undefined }) => {
    const next = { at: search.at, path: search.path, ...change };
    void navigate({
      search: Object.fromEntries(Object.entries(next).filter(([, v]) => v)) as typeof search,
      resetScroll: false,
    });
  };
  const canEdit = branch !== undefined && !no;
  const count = Object.keys(work.draft?.files ?? {}).length;
  return (
    <Page
      kind={path === "" ? "Files" : `Files of ${c.name}`}
      title={path === "" ? c.name : path}
      owner={<TeamName team={c.team} />}
      actions={
        canEdit && (
          <>
            <Button
              variant="default"
              leftSection={<IconFilePlus size={16} stroke={1.8} aria-hidden />}
              onClick={() => setDialog("new")}
            >
              New file
            </Button>
            {count > 0 && (
              <Button
                leftSection={<IconGitCommit size={16} stroke={1.8} aria-hidden />}
                onClick={() => setDialog("commit")}
              >
                Commit {count} {count === 1 ? "file" : "files"}
              </Button>
            )}
          </>
        )
      }
    >
      <div className={classes.bar}>
        <span className={classes.branch}>
          <IconGitBranch size={17} stroke={1.8} aria-hidden />
          <NativeSelect
            size="xs"
            aria-label="Branch"
            value={at}
            onChange={(e) =>
              go({ at: e.currentTarget.value === trunk ? undefined : e.currentTarget.value, edit: undefined })
            }
          >
            {!branch && <option value={at}>{short(at)}</option>}
            {branches.map((b) => (
              <option key={b.name} value={b.name}>
                {b.trunk ? `${b.name}, the trunk` : b.name}
              </option>
            ))}
          </NativeSelect>
        </span>
        <span className={classes.quiet}>
          {!branch
            ? "As of a commit: choose a branch to edit."
            : branch.trunk
              ? "What you edit here goes to a branch of its own, and from there to the trunk as a change."
              : branch.change
                ? "A push to it goes into its open change."
                : "No change is open for this branch."}
        </span>
        {branch?.change && <InLink href={changeHref(branch.change)}>See its change</InLink>}
        {branch && !branch.trunk && !branch.change && canEdit && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconGitPullRequest size={15} stroke={1.8} aria-hidden />}
            onClick={() => setDialog("open")}
          >
            Open a change
          </Button>
        )}
      </div>
      {no && <Problem error={no} look="line" />}
      {work.clashes.length > 0 && (
        <Clashes
          branch={at}
          clashes={work.clashes}
          onSettle={(p, content) => work.settle(p, content)}
          onDone={() => setDialog("commit")}
        />
      )}
      <div className={classes.columns}>
        <FileList
          component={c.name}
          at={at}
          directory={directory}
          here={path}
          files={work.draft?.files}
          hrefOf={(p) => hrefOf(c.name, search.at, p)}
        />
        <FilePanel
          key={`${at} ${path}`}
          component={c.name}
          at={at}
          path={path}
          editing={canEdit && search.edit === "1"}
          canEdit={canEdit}
          edit={work.draft?.files[path]}
          onEdit={(editing) => go({ edit: editing ? "1" : undefined })}
          onWrite={(content, was, commit) => work.write(path, content, was, commit)}
        />
      </div>
      {work.draft && count > 0 && (
        <DraftPanel
          draft={work.draft}
          onOpen={(p) => go({ path: p, edit: undefined })}
          onUndo={(p) => work.undo(p)}
          onCommit={() => setDialog("commit")}
        />
      )}
      {dialog === "open" && branch && (
        <OpenChange component={c.name} branch={branch} onClose={() => setDialog(null)} />
      )}
      {dialog === "new" && (
        <FormDialog
          title="New file"
          fields={[
            {
              name: "path",
              label: "Path",
              hint: "From the top of the repository; directories are made as needed",
              placeholder: `${directory}engine.go`,
              check: (v) => wrongPath(v, (p) => work.draft?.files[p] !== undefined),
            },
          ]}
          initial={{ path: directory }}
          draft={`new file ${c.name} ${at}`}
          action="Write it"
          onSend={async (v) => {
            const p = v.path?.trim() ?? "";
            await work.create(p);
            go({ path: p, edit: "1" });
          }}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "commit" && work.draft && count > 0 && (
        <CommitDialog
          component={c}
          branch={branch?.trunk ? undefined : branch}
          taken={branches.map((b) => b.name)}
          draft={work.draft}
          rebase={work.rebase}
          onDone={async (to) => {
            work.clear();
            await queries.invalidateQueries({ queryKey: ["/api/v1/components/{name}/branches", c.name] });
            router.history.push(to.href);
          }}
          onClose={() => setDialog(null)}
        />
      )}
    </Page>
  );
}

function hrefOf(component: string, at: string | undefined, path: string): string {
  const search = new URLSearchParams({ ...(at ? { at } : {}), ...(path ? { path } : {}) }).toString();
  return `/components/${encodeURIComponent(component)}/files${search && `?${search}`}`;
}
