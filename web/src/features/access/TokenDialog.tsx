import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Schemas, send } from "~/api/ask";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Problem } from "~/ui/Problem";
import classes from "./Ask.module.css";
import { Choices } from "./Choices";
import { scopes } from "./roles";

/** Makes an API token and shows its secret once. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Schemas["CreateToken"]["scopes"]>(["git"]);
  const [days, setDays] = useState("30");
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<Schemas["NewToken"]>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (busy || name.trim() === "" || chosen.length === 0) return;
    setBusy(true);
    setError(undefined);
    try {
      setMade(
        await send("post", "/api/v1/tokens", {}, { name: name.trim(), scopes: chosen, days: Number(days) }),
      );
      await queries.invalidateQueries({ predicate: (q) => q.queryKey.includes("/api/v1/tokens") });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? `Token ${made.name}` : "Make an API token"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {made ? (
        <div className={classes.form}>
          <div className={classes.once} role="status">
            <p>Copy it now: it is shown this once.</p>
            <Copyable text={made.secret} />
            <p>
              It may {made.scopes.join(", ")} and expires <Ago at={made.expires} />.
            </p>
          </div>
          <div className={classes.foot}>
            <Button onClick={onClose} data-autofocus>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <form className={classes.form} noValidate onSubmit={(e) => void submit(e)}>
          <TextInput
            label="What it is for"
            placeholder="git on my laptop"
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={
              asked && name.trim() === "" ? "Say what it is for: you will know later which to revoke." : null
            }
            data-autofocus
          />
          <Choices
            label="What it may do"
            description="It never may more than you."
            all={scopes}
            value={chosen}
            onChange={setChosen}
            error={asked && chosen.length === 0 ? "Choose at least one." : undefined}
          />
          <NativeSelect
            label="How long"
            value={days}
            onChange={(e) => setDays(e.currentTarget.value)}
            data={["1", "7", "30", "90"].map((d) => ({ value: d, label: d === "1" ? "1 day" : `${d} days` }))}
          />
          {error !== undefined && <Problem error={error} look="line" />}
          <div className={classes.foot}>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Make the token
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
