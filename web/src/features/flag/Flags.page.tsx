import { Button } from "@mantine/core";
import { IconFlag, IconFlagOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Views } from "~/object/Views";
import { useCrumbs } from "~/shell/crumbs";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { FlagsTable } from "./FlagsTable";
import { flagsQuery } from "./flag";
import { KillFlag } from "./KillFlag";

const views = [
  { id: "live", name: "On in production" },
  { id: "all", name: "All" },
  { id: "archived", name: "Archived" },
];

/** The flags of all components: where one looks when a feature hurts and nobody knows whose it is. */
export function FlagsPage() {
  const search = useSearch({ from: "/inside/flags" });
  const navigate = useNavigate({ from: "/flags" });
  const view = search.view ?? "live";
  useCrumbs(useMemo(() => [{ title: "Flags", href: "/flags" }], []));
  const live = useQuery(flagsQuery({ on: "production" }));
  const all = useQuery({ ...flagsQuery({}), enabled: view === "all" });
  const archived = useQuery({ ...flagsQuery({ archived: true }), enabled: view === "archived" });
  const shown = { live, all, archived }[view];
  const on = live.data?.items ?? [];
  return (
    <Page
      title="Flags"
      lead="Features that can be switched on and off for customers without a deployment."
      actions={
        on.length > 0 ? (
          <Button
            color="red.8"
            leftSection={<IconFlagOff size={16} stroke={1.8} aria-hidden />}
            onClick={() => void navigate({ search: (s) => ({ ...s, kill: "1" }), replace: true })}
          >
            Kill a feature
          </Button>
        ) : undefined
      }
    >
      <Views label="Views of the flags" views={views} here={view} first="live" />
      <Panel flush>
        <FlagsTable
          label="Flags"
          withComponent
          rows={shown.data?.items}
          pending={shown.isPending}
          error={shown.error}
          retry={() => void shown.refetch()}
          empty={
            <Empty
              icon={IconFlag}
              title={view === "live" ? "No flag is on in production" : "No flags"}
              start={{ label: "To the components", href: "/platform" }}
              small
            >
              A component's page has them in its view Flags, and shows how the code asks for one.
            </Empty>
          }
        />
      </Panel>
      {search.kill && on.length > 0 && (
        <KillFlag
          flags={on}
          onClose={() => void navigate({ search: ({ kill: _, ...s }) => s, replace: true })}
        />
      )}
    </Page>
  );
}
