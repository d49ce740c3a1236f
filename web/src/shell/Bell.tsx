import { ActionIcon } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { Hint } from "~/ui/Hint";
import { InLink } from "~/ui/InLink";
import classes from "./Bell.module.css";
import { bellCount, bellWords } from "./bellWords";

/** How many incidents are open and alerts fire, and the way to them. */
export function Bell() {
  const incidents = useQuery(
    ask("/api/v1/incidents", { query: { state: "open", limit: 200 }, kinds: ["incident"] }),
  );
  const alerts = useQuery(
    ask("/api/v1/alerts", { query: { state: "firing", limit: 200 }, kinds: ["alert"] }),
  );
  const open = incidents.data?.items ?? [];
  const firing = alerts.data?.items ?? [];
  const only = open.length === 1 && firing.length === 0 ? open[0] : undefined;
  const words = bellWords(open.length, firing.length);
  const href = only
    ? `/incidents/${only.id}`
    : open.length === 0 && firing.length > 0
      ? "/delivery?view=alerts"
      : "/delivery?view=incidents";
  return (
    <Hint label={only ? `Open: ${only.title}` : words}>
      <ActionIcon
        component={InLink}
        href={href}
        look="bare"
        size="lg"
        aria-label={words}
        className={classes.bell ?? ""}
      >
        <IconBell size={18} stroke={1.7} />
        {open.length + firing.length > 0 && (
          <span className={`num ${classes.count}`} data-open={open.length > 0 || undefined} aria-hidden>
            {bellCount(open.length, firing.length)}
          </span>
        )}
      </ActionIcon>
    </Hint>
  );
}
