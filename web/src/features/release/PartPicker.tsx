import { Combobox, Loader, TextInput, useCombobox } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect } from "react";
import { rolloutState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { componentOf, meant, named, spoken, whyNot } from "./compose";
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
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  const found = meant(from.versions, typed).filter((v) => !parts.includes(named(v)));
  const shown = found.slice(0, most);
  const can = shown.filter((v) => !whyNot(v, from.live)).map(named);
  const first = can.join();
  // Enter picks what is shown first; it changes as one types and as answers come.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the box is another at each turn; what it shows is what counts
  useEffect(() => {
    if (box.dropdownOpened) box.selectFirstOption();
  }, [first, box.dropdownOpened]);
  return (
    <Combobox
      store={box}
      withinPortal={false}
      position="bottom-start"
      transitionProps={{ duration: 0 }}
      onOptionSubmit={(part) => {
        onPick(part);
        onTyped("");
        box.closeDropdown();
      }}
    >
      <Combobox.Target withExpandedAttribute>
        <TextInput
          name="parts"
          label="Add a version"
          placeholder="A component, a version, or what was changed"
          autoComplete="off"
          spellCheck={false}
          leftSection={<IconSearch size={16} stroke={1.7} aria-hidden />}
          rightSection={box.dropdownOpened && from.looking ? <Loader size={14} /> : undefined}
          error={error}
          value={typed}
          onChange={(e) => {
            onTyped(e.currentTarget.value);
            box.openDropdown();
          }}
          onClick={() => box.openDropdown()}
          onFocus={() => box.openDropdown()}
          onBlur={() => box.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown className={classes.dropdown}>
        <Combobox.Options className={classes.options} aria-label="Published versions">
          {shown.map((v) => {
            const no = whyNot(v, from.live);
            const instead = parts.find((p) => componentOf(p) === v.component);
            return (
              <Combobox.Option
                key={named(v)}
                value={named(v)}
                disabled={no !== undefined}
                className={classes.option}
              >
                <span className={classes.line}>
                  <span className={classes.name}>
                    {v.component} <span className="num">{v.release}</span>
                  </span>
                  {no ? (
                    <span className={classes.no}>{no}</span>
                  ) : (
                    <span className={classes.state}>
                      <Status {...rolloutState(v)} />
                    </span>
                  )}
                </span>
                <span className={classes.about}>
                  <span className={classes.title}>{v.title}</span>
                  <span className={classes.more}>
                    {instead && !no ? `in place of ${spoken(instead).split(" ")[1]} · ` : ""}
                    {v.team} · <Ago at={v.created} />
                  </span>
                </span>
              </Combobox.Option>
            );
          })}
          {from.error ? (
            <Problem error={from.error} retry={from.retry} look="line" />
          ) : (
            shown.length === 0 && (
              <Combobox.Empty>
                {from.looking
                  ? "Looking…"
                  : typed.trim() === ""
                    ? "Nothing was published yet: a run that succeeds on the trunk publishes a version."
                    : "No published version is called so."}
              </Combobox.Empty>
            )
          )}
          {found.length > most && (
            <Combobox.Empty>{found.length - most} more: type more of its name</Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
