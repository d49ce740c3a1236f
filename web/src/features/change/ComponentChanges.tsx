import { Button, NativeSelect } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import classes from "./Change.module.css";
import { ChangesTable } from "./ChangesTable";
import { changeState, stateAsked, states } from "./change";

/** A component's changes, and the way to make one. */
export function ComponentChanges({ component }: { component: string }) {
  const [state, setState] = useState("open");
  return (
    <Panel flush>
      <div className={classes.filters}>
        <NativeSelect
          size="xs"
          aria-label="State"
          value={state}
          onChange={(e) => setState(e.currentTarget.value)}
        >
          <option value="open">open or queued</option>
          {states.slice(1).map((s) => (
            <option key={s} value={s}>
              {changeState({ state: s }).label}
            </option>
          ))}
          <option value="all">every state</option>
        </NativeSelect>
        <Button
          size="xs"
          variant="default"
          ml="auto"
          component={InLink}
          href={`/components/${encodeURIComponent(component)}/files`}
          look="bare"
          leftSection={<IconPencil size={15} stroke={1.8} aria-hidden />}
        >
          Make a change
        </Button>
      </div>
      <ChangesTable component={component} state={stateAsked(state)} />
    </Panel>
  );
}
