import { IconArrowUp, IconFile, IconFolder, IconLink, IconPackage, IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { asProblem } from "~/api/problem";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { type Draft, editsOf, kindOf } from "./draft";
import classes from "./Files.module.css";
import { treeQuery } from "./files";

const icons = {
  directory: IconFolder,
  file: IconFile,
  executable: IconTerminal2,
  link: IconLink,
  module: IconPackage,
};

interface Props {
  component: string;
  at: string;
  /** "" for the top, else with a slash at its end */
  directory: string;
  /** the path that is shown beside it */
  here: string;
  files: Draft["files"] | undefined;
  hrefOf: (path: string) => string;
}

/** A directory: what is in it, and what is edited there. */
export function FileList({ component, at, directory, here, files = {}, hrefOf }: Props) {
  const tree = useQuery(treeQuery(component, at, directory));
  // A directory that is only in the edits is not in the repository yet.
  const missing = tree.error && asProblem(tree.error).kind === "not-found" && directory !== "";
  const there = tree.data?.entries ?? [];
  const edits = editsOf({ commit: "", files }).filter(({ path }) => path.startsWith(directory));
  const added = edits.filter(
    ({ path }) => !path.slice(directory.length).includes("/") && !there.some((e) => e.path === path),
  );
  const up = directory.replace(/[^/]+\/$/, "");
  return (
    <Panel title={directory === "" ? "All files" : directory} flush>
      {tree.isPending ? (
        <RowsSkeleton rows={8} />
      ) : tree.error && !missing && !tree.data ? (
        <Problem error={tree.error} retry={() => void tree.refetch()} look="line" />
      ) : (
        <ul className={classes.entries}>
          {directory !== "" && (
            <li>
              <InLink className={classes.entry} look="bare" href={hrefOf(up)}>
                <IconArrowUp size={16} stroke={1.7} aria-hidden />
                <span>Up to {up === "" ? "the top" : up}</span>
              </InLink>
            </li>
          )}
          {there.map((e) => {
            const Mark = icons[e.kind];
            const inside = e.kind === "directory" ? edits.filter((x) => x.path.startsWith(`${e.path}/`)) : [];
            const own = files[e.path];
            const mark = own ? kindOf(own) : inside.length > 0 ? `${inside.length} edited` : "";
            const path = e.kind === "directory" ? `${e.path}/` : e.path;
            return (
              <li key={e.path}>
                <InLink
                  className={classes.entry}
                  look="bare"
                  href={hrefOf(path)}
                  aria-current={path === here ? "page" : undefined}
                  data-gone={own?.content === null || undefined}
                >
                  <Mark size={16} stroke={1.7} aria-label={e.kind} />
                  <span title={e.name}>{e.name}</span>
                  {mark && <span className={classes.mark}>{mark}</span>}
                </InLink>
              </li>
            );
          })}
          {added.map(({ path }) => (
            <li key={path}>
              <InLink
                className={classes.entry}
                look="bare"
                href={hrefOf(path)}
                aria-current={path === here ? "page" : undefined}
              >
                <IconFile size={16} stroke={1.7} aria-label="file" />
                <span title={path}>{path.slice(directory.length)}</span>
                <span className={classes.mark}>new</span>
              </InLink>
            </li>
          ))}
          {there.length === 0 && added.length === 0 && (
            <li className={classes.none}>There is nothing here.</li>
          )}
          {tree.data?.more && <li className={classes.none}>There are more than are shown.</li>}
        </ul>
      )}
    </Panel>
  );
}
