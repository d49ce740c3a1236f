import { Popover, UnstyledButton } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import type { Schemas } from "~/api/ask";
import { hrefOf } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import classes from "./Station.module.css";

/** What does not go on at a station, and why. */
export function Stuck({ station: s }: { station: Schemas["FloorStation"] }) {
  return (
    <Popover width={320} position="bottom" shadow="md" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.stuck}>
          <IconHandStop size={13} stroke={2} aria-hidden />
          {s.stuckCount} stuck
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.drop} aria-label={`Stuck at ${s.title.toLowerCase()}`}>
        <ul className={classes.list}>
          {s.stuck.map((k) => (
            <li key={k.subject}>
              <InLink href={hrefOf(k.subject)} look="quiet">
                <b>{k.title || k.subject}</b>
              </InLink>
              <div className={classes.why}>
                {k.why}, <Ago at={k.since} />
              </div>
            </li>
          ))}
        </ul>
        {s.stuckCount > s.stuck.length && (
          <div className={classes.why}>and {s.stuckCount - s.stuck.length} more</div>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
