import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import type { Schemas } from "~/api/ask";
import { Ago } from "~/ui/Ago";
import classes from "./VisionPanel.module.css";

/** The one sentence that everything below serves. */
export function VisionPanel({
  vision,
  onEdit,
}: {
  vision: Schemas["Vision"] | undefined;
  onEdit: () => void;
}) {
  if (!vision)
    return (
      <section className={classes.vision} data-none>
        <p className={classes.text}>Why does this company exist?</p>
        <p className={classes.by}>
          One sentence. Objectives, initiatives, features, items and commits will be traced back to it.
        </p>
        <Button onClick={onEdit}>Set the vision</Button>
      </section>
    );
  return (
    <section className={classes.vision}>
      <div className={classes.label}>Vision</div>
      <p className={classes.text}>{vision.text}</p>
      <p className={classes.by}>
        {vision.by}, <Ago at={vision.at} />
      </p>
      <Tooltip label="Change the vision">
        <ActionIcon className={classes.edit} aria-label="Change the vision" onClick={onEdit}>
          <IconPencil size={16} />
        </ActionIcon>
      </Tooltip>
    </section>
  );
}
