import { Button } from "@mantine/core";
import { IconFlag, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Copyable } from "~/ui/Copyable";
import { Empty } from "~/ui/Empty";
import { Panel } from "~/ui/Panel";
import { EditFlag } from "./EditFlag";
import classes from "./Flag.module.css";
import { FlagsTable } from "./FlagsTable";
import { flagsQuery, snippet } from "./flag";

/** A component's flags: which features are on where, and how the code asks. */
export function ComponentFlags({ component }: { component: string }) {
  const flags = useQuery(flagsQuery({ component }));
  const [creating, setCreating] = useState(false);
  const rows = flags.data?.items;
  const create = () => setCreating(true);
  return (
    <>
      <Panel
        title="Flags"
        note={rows?.length || undefined}
        flush
        actions={
          rows && rows.length > 0 ? (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={15} stroke={1.8} aria-hidden />}
              onClick={create}
            >
              New flag
            </Button>
          ) : undefined
        }
      >
        <FlagsTable
          label={`Flags of ${component}`}
          rows={rows}
          pending={flags.isPending}
          error={flags.error}
          retry={() => void flags.refetch()}
          empty={
            <Empty
              icon={IconFlag}
              title="No flags yet"
              start={{ label: "Create a flag", onClick: create }}
              small
            >
              A flag switches a feature on and off for customers without a deployment. When the feature hurts,
              it is killed within a second, and the rest of the version stays.
            </Empty>
          }
        />
        <div className={classes.teach}>
          <h3>How the code asks</h3>
          <p>
            With any SDK of OpenFeature and its OFREP provider. The address is in every workload's
            environment, and the factory knows who asks: there is nothing to configure.
          </p>
          <pre className={classes.code}>{snippet(component, rows?.[0]?.key ?? "gust-hold")}</pre>
          <div>
            <Copyable
              text="go get github.com/open-feature/go-sdk github.com/open-feature/go-sdk-contrib/providers/ofrep"
              look="command"
            />
          </div>
        </div>
      </Panel>
      {creating && <EditFlag component={component} onClose={() => setCreating(false)} />}
    </>
  );
}
