import { useDroppable } from "@dnd-kit/core";
import { SortableContext, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { Button, CloseButton, NumberInput, Popover, Tooltip, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { send } from "~/api/ask";
import { InLink } from "~/ui/InLink";
import { Problem } from "~/ui/Problem";
import { type Column, columnHints, columnNames } from "./board";
import classes from "./ColumnView.module.css";
import { boardQuery, type Refusal } from "./useBoard";

interface Props {
  team: string;
  column: Column;
  /** of the limits */
  version: number;
  refusal: Refusal | null;
  onForget: () => void;
  children: ReactNode;
}

// On a small screen the column that says no may stand beside what is seen.
function intoView(el: HTMLElement | null): void {
  el?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** A column with its count against its limit in its head, and the no that its limit gave last. */
export function ColumnView({ team, column: c, version, refusal, onForget, children }: Props) {
  const { setNodeRef, isOver } = useDroppable({ id: c.state });
  return (
    <section
      ref={setNodeRef}
      className={classes.column}
      data-over={isOver || undefined}
      data-full={(c.limit !== undefined && c.count >= c.limit) || undefined}
      aria-label={`${columnNames[c.state]}, ${c.count}${c.limit ? ` of at most ${c.limit}` : ""}`}
    >
      <header className={classes.head}>
        <Tooltip label={columnHints[c.state]} multiline maw={240}>
          <h2 className={classes.name} tabIndex={-1}>
            {columnNames[c.state]}
          </h2>
        </Tooltip>
        {c.state === "ready" || c.state === "done" ? (
          <span className={`num ${classes.count}`}>{c.count}</span>
        ) : (
          <Limit team={team} column={c} version={version} />
        )}
      </header>
      {refusal && (
        <div className={classes.refusal} ref={intoView}>
          <CloseButton size="sm" aria-label="Understood" onClick={onForget} className={classes.close ?? ""} />
          <Problem error={refusal.problem} look="line" />
        </div>
      )}
      <SortableContext items={c.items.map((i) => i.id)} strategy={verticalListSortingStrategy}>
        <div className={classes.cards}>{children}</div>
      </SortableContext>
      {c.items.length === 0 && <p className={classes.none}>{columnHints[c.state]}</p>}
      {c.more && (
        <InLink href={`/teams/${team}?view=items&state=${c.state}`} className={classes.more}>
          {c.count - c.items.length} more
        </InLink>
      )}
    </section>
  );
}

function Limit({ team, column: c, version }: { team: string; column: Column; version: number }) {
  const [open, setOpen] = useState(false);
  const [value, setValue] = useState<number | string>(c.limit ?? 0);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const words = c.limit
    ? `${c.count} of at most ${c.limit}${c.over ? ", over the limit: facts are never refused" : ""}`
    : `${c.count}, no limit`;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await send(
        "put",
        "/api/v1/teams/{id}/board",
        { id: team },
        { version, limits: { [c.state]: Number(value) || 0 } },
      );
      await queries.invalidateQueries({ queryKey: boardQuery(team).queryKey });
      setOpen(false);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={260} trapFocus withRoles={false}>
      <Popover.Target>
        <Tooltip label={`${words}. Change the limit`}>
          <UnstyledButton
            className={`num ${classes.count}`}
            data-over={c.over || undefined}
            data-full={(c.limit !== undefined && c.count >= c.limit) || undefined}
            aria-label={`${c.limit ? `${c.count}/${c.limit}` : c.count} ${columnNames[c.state]}: change the limit`}
            aria-expanded={open}
            onClick={() => {
              setValue(c.limit ?? 0);
              setOpen((o) => !o);
            }}
          >
            {c.over && <IconAlertTriangle size={13} aria-hidden />}
            {c.limit ? `${c.count}/${c.limit}` : c.count}
          </UnstyledButton>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown}>
        <form onSubmit={(e) => void save(e)}>
          <NumberInput
            label={`Limit of ${columnNames[c.state]}`}
            description="How many items a person may have here at once; 0 for no limit. Facts are never refused."
            min={0}
            max={99}
            value={value}
            onChange={setValue}
            data-autofocus
          />
          {error !== undefined && <Problem error={error} look="line" />}
          <Button type="submit" size="xs" mt={10} loading={busy}>
            Set the limit
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
