import { Loader, TextInput, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useId, useLayoutEffect, useState } from "react";
import { rolloutState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { componentOf, meant, named, type Rollout, whyNot } from "./compose";
import classes from "./PartPicker.module.css";
import type { useVersions } from "./useCompose";

interface Props {
  from: ReturnType<typeof useVersions>;
  typed: string;
  onTyped: (text: string) => void;
  parts: readonly string[];
  error: string | undefined;
  onPick: (part: string) => void;
}

const most = 30; // at once; whoever looks for another types more of it

/** A field to find a published version by its component, its number or what was changed, and to pick it. */
export function PartPicker({ from, typed, onTyped, parts, error, onPick }: Props) {
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState<string>(); // by the arrows; else it is the first
  const id = useId();
  const optionId = (part: string) => `${id}-${part}`;
  const found = meant(from.versions, typed).filter((v) => !parts.includes(named(v)));
  const shown = found.slice(0, most);
  const can = shown.filter((v) => !whyNot(v, from)).map(named);
  const selected = can.find((part) => part === chosen) ?? can[0];
  const at = open && selected ? optionId(selected) : undefined;
  useLayoutEffect(() => {
    if (at) document.getElementById(at)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const write = (text: string) => {
    onTyped(text);
    setChosen(undefined);
    setOpen(true);
  };
  const pick = (part: string) => {
    onPick(part);
    onTyped("");
    setChosen(undefined);
    setOpen(false);
  };
  const move = (by: 1 | -1) => {
    const to = open && selected ? can.indexOf(selected) + by : 0;
    setChosen(can.at(to === can.length ? 0 : to));
    setOpen(true);
  };
  const press = (event: KeyboardEvent) => {
    // While a method of input composes, the keys are its own; Safari tells so by the code alone.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && open && selected) pick(selected);
    else if (event.key === "Escape" && open) setOpen(false);
    else return;
    event.preventDefault();
  };

  return (
    <div className={classes.picker}>
      <TextInput
        name="parts"
        label="Add a version"
        placeholder="A component, a version, or what was changed"
        role="combobox"
        aria-expanded={open}
        aria-haspopup="listbox"
        aria-autocomplete="list"
        aria-controls={open && shown.length > 0 ? id : undefined}
        aria-activedescendant={at}
        autoComplete="off"
        spellCheck={false}
        leftSection={<IconSearch size={16} stroke={1.7} aria-hidden />}
        rightSection={open && from.looking ? <Loader size={14} /> : undefined}
        error={error}
        value={typed}
        onChange={(e) => write(e.currentTarget.value)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={press}
      />
      {open && (
        // biome-ignore lint/a11y/noStaticElementInteractions: pressing it only leaves the focus in the field
        <div className={classes.dropdown} onMouseDown={(event) => event.preventDefault()}>
          {shown.length > 0 && (
            <div id={id} role="listbox" aria-label="Published versions">
              {shown.map((v) => (
                <Option
                  key={v.id}
                  id={optionId(named(v))}
                  version={v}
                  no={whyNot(v, from)}
                  instead={parts.find((p) => componentOf(p) === v.component)}
                  selected={named(v) === selected}
                  onPick={() => pick(named(v))}
                />
              ))}
            </div>
          )}
          <div role="status">
            {from.error ? (
              <Problem error={from.error} retry={from.retry} look="line" />
            ) : (
              words(found.length, typed, from.looking) && (
                <p className={classes.none}>{words(found.length, typed, from.looking)}</p>
              )
            )}
          </div>
        </div>
      )}
    </div>
  );
}

interface OptionProps {
  id: string;
  version: Rollout;
  /** why it cannot be picked */
  no: string | undefined;
  /** the part for which it would come */
  instead: string | undefined;
  selected: boolean;
  onPick: () => void;
}

function Option({ id, version: v, no, instead, selected, onPick }: OptionProps) {
  return (
    <UnstyledButton
      id={id}
      className={classes.option}
      role="option"
      aria-selected={selected}
      aria-disabled={no !== undefined || undefined}
      tabIndex={-1}
      onClick={no === undefined ? onPick : undefined}
    >
      <span className={classes.line}>
        <span className={classes.name}>
          {v.component} <span className="num">{v.release}</span>
        </span>
        <span className={classes.state}>{no ?? <Status {...rolloutState(v)} />}</span>
      </span>
      <span className={classes.about}>
        <span className={classes.title}>{v.title}</span>
        <span className={classes.more}>
          {instead && !no && `in place of ${instead.split("@")[1] ?? ""} · `}
          {v.team} · <Ago at={v.created} />
        </span>
      </span>
    </UnstyledButton>
  );
}

/** What there is to say under the list, or in its place. */
function words(found: number, typed: string, looking: boolean): string {
  if (found > most) return `${found - most} more: type more of what you look for`;
  if (found > 0) return "";
  if (looking) return "Looking…";
  return typed.trim() === ""
    ? "Nothing else was published yet. A run that succeeds on the trunk publishes a version."
    : "No published version is called so.";
}
