import { Button, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, send } from "~/api/ask";
import { Copyable } from "~/ui/Copyable";
import { FormDialog } from "~/ui/FormDialog";
import classes from "./Agents.module.css";
import { agentsKey, command, fields } from "./agent";

/** Registers a machine, and shows once what is typed there. */
export function AddAgent({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [made, setMade] = useState<Schemas["CreatedAgent"]>();
  if (made) {
    return (
      <Modal
        opened
        onClose={onClose}
        size="lg"
        title={`Let ${made.agent.name} join`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <div className={classes.join}>
          <p>On the machine, with this same program:</p>
          <Copyable text={command(made.door, made.token, location.hostname)} look="command" />
          <p className={classes.quiet}>
            Copy it now: the token is shown this once. It holds for an hour, for one machine. Afterwards the
            machine is known by a certificate, and <code>factory agent run --data agent</code> is enough.
          </p>
          <div className={classes.foot}>
            <Button onClick={onClose} data-autofocus>
              Done
            </Button>
          </div>
        </div>
      </Modal>
    );
  }
  return (
    <FormDialog
      needs="manage-agents"
      title="Add an agent"
      lead="A machine that takes pipeline runs from the queue. It gets the files of the commits that it builds and the secrets that their steps name; keys to sign with and the database stay here."
      fields={fields}
      initial={{ name: "" }}
      draft="new agent"
      action="Make a token"
      onSent={() => undefined}
      onClose={onClose}
      onSend={async (v) => {
        setMade(await send("post", "/api/v1/agents", {}, { name: v.name ?? "" }));
        await queries.invalidateQueries({ queryKey: agentsKey });
      }}
    />
  );
}
