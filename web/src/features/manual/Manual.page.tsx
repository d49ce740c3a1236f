import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Outline } from "~/object/Outline";
import { useCrumbs } from "~/shell/crumbs";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { SearchField } from "~/ui/SearchField";
import { FindDocs } from "./FindDocs";
import classes from "./Manual.module.css";
import { contentsQuery, docHref } from "./manual";

/** The contents of the documentation, and the search in it. */
export function ManualPage() {
  const { find = "" } = useSearch({ from: "/inside/docs/" });
  const navigate = useNavigate({ from: "/docs/" });
  useCrumbs(useMemo(() => [{ title: "Documentation", href: "/docs" }], []));
  const contents = useQuery(contentsQuery);
  return (
    <Page
      title="Documentation"
      lead="How to do things, what they are called, and why they are as they are. These pages belong to the version that runs here."
      actions={
        <SearchField
          label="Search the documentation"
          placeholder="Search the documentation"
          className={classes.search}
          value={find}
          onValue={(text) =>
            void navigate({ search: text ? { find: text } : {}, replace: true, resetScroll: false })
          }
        />
      }
    >
      {find.trim() !== "" ? (
        <FindDocs words={find} />
      ) : contents.error ? (
        <Problem error={contents.error} retry={() => void contents.refetch()} />
      ) : !contents.data ? (
        <Outline main={[220, 220, 220]} thread={false} />
      ) : (
        <div className={classes.sections}>
          {contents.data.sections.map((s) => (
            <Panel key={s.title} title={s.title}>
              <ul className={classes.pages}>
                {s.pages.map((p) => (
                  <li key={p.path}>
                    <InLink href={docHref(p.path)}>{p.title}</InLink>
                    {p.text && <span> {p.text}</span>}
                  </li>
                ))}
              </ul>
            </Panel>
          ))}
        </div>
      )}
    </Page>
  );
}
