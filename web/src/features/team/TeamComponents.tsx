import { Button } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { askPages, rowsOf } from "~/api/ask";
import { ComponentsTable } from "~/features/platform/ComponentsTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import type { Team } from "./Team.page";

/** What the team builds and runs, and how it does. */
export function TeamComponents({ team: t }: { team: Team }) {
  const components = useInfiniteQuery(
    askPages("/api/v1/components", { query: { team: t.id, limit: 200 }, kinds: ["component"] }),
  );
  const start = `/platform/new?team=${t.id}`;
  return (
    <Panel
      title="Components"
      flush
      actions={
        <Button component={InLink} href={start} look="bare" size="xs" variant="default">
          New component
        </Button>
      }
    >
      <ComponentsTable
        label={`Components of team ${t.name}`}
        rows={rowsOf(components.data)}
        pending={components.isPending}
        error={components.error}
        retry={() => void components.refetch()}
        oneTeam
        empty={
          <Empty
            icon={IconStack2}
            title="No components yet"
            start={{ label: "Create a component", href: start }}
            small
          >
            A component comes with repository, pipeline, environments, dashboard, alerts and access, live in
            production within minutes and without a ticket.
          </Empty>
        }
      />
    </Panel>
  );
}
