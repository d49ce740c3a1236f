import { useQuery } from "@tanstack/react-query";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Flag.module.css";
import { flagState, flagsQuery, settingOf } from "./flag";

/** The flags that guard a feature, with what customers have of it; nothing while there are none. */
export function FeatureFlags({ feature }: { feature: string }) {
  const flags = useQuery(flagsQuery({ feature }));
  if (!flags.data || flags.data.items.length === 0) return null;
  return (
    <Panel title="Guarded by">
      <ul className={classes.guards}>
        {flags.data.items.map((f) => {
          const now = settingOf(f, "production");
          return (
            <li key={f.id}>
              <InLink href={`/components/${f.component}?view=flags`}>{f.title}</InLink>
              <Status {...flagState(now)} />
              {now.reason && (
                <span className={classes.why}>
                  {now.changedBy}: {now.reason}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
