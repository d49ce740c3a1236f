import { getDefaultZIndex, Input, Modal, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useLayoutEffect, useRef } from "react";
import { asProblem } from "~/api/problem";
import { Kbd } from "~/ui/Kbd";
import type { Command } from "./commands";
import { useDoings } from "./doings";
import { useFound } from "./found";
import { fieldId, type Heard, type Tell } from "./heard";
import classes from "./Palette.module.css";

interface Props {
  heard: Heard;
  tell: Tell;
  onScheme: () => void;
  onHelp: () => void;
}

const listId = "palette-list";
const optionId = (command: Command) => `palette ${command.id}`.replace(/\s/g, "-");

/** Go to anything, do anything, by typing. */
export function Palette({ heard, tell, onScheme, onHelp }: Props) {
  const { opened, typed } = heard;
  const { commands, looking, error } = useFound(opened, typed, useDoings(onScheme, onHelp));
  const selected = commands.find((c) => c.id === heard.chosen) ?? commands[0];
  const run = (command: Command) => {
    tell.close();
    command.run();
  };

  // Enter goes to what is shown first, now or as soon as something is. Before the paint, so that it is done once.
  useLayoutEffect(() => {
    if (!opened || !heard.entered) return;
    if (selected) run(selected);
    else if (!looking) tell.enter(false);
  });

  const list = useRef<HTMLDivElement>(null);
  const at = selected && optionId(selected);
  const isFirst = selected === commands[0];
  useLayoutEffect(() => {
    if (isFirst) list.current?.scrollTo(0, 0);
    else if (at) document.getElementById(at)?.scrollIntoView({ block: "nearest" });
  }, [at, isFirst]);

  const move = (by: 1 | -1) => {
    const to = selected ? commands.indexOf(selected) + by : 0;
    tell.choose(commands.at(to === commands.length ? 0 : to)?.id);
  };
  const press = (event: KeyboardEvent) => {
    // While a method of input composes, the keys are its own; Safari tells so by the code alone.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      Enter: () => tell.enter(true),
      Escape: tell.close,
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const groups = [...new Set(commands.map((c) => c.group))];
  return (
    <Modal
      opened={opened}
      onClose={tell.close}
      withCloseButton={false}
      attributes={{ content: { "aria-label": "Go to, do, or find" } }}
      classNames={{ body: classes.body }}
      size={600}
      centered={false} // the field stays where it is while the list grows and shrinks
      yOffset="12dvh"
      zIndex={getDefaultZIndex("max")}
      transitionProps={{ transition: "pop", duration: 90, exitDuration: 0 }} // gone with the press: the next is the page's
      overlayProps={{ backgroundOpacity: 0.3 }}
    >
      <Input
        id={fieldId}
        // It has the focus as soon as it is seen, so that no arrow is lost.
        autoFocus
        data-autofocus
        data-mantine-stop-propagation // Escape closes this and not a dialog under it as well
        variant="unstyled"
        size="lg"
        classNames={{ input: classes.field }}
        leftSection={<IconSearch size={18} stroke={1.6} aria-hidden />}
        role="combobox"
        aria-label="Go to or do"
        aria-expanded={commands.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={at}
        autoComplete="off"
        spellCheck={false}
        placeholder="Go to, do, or find anything…"
        value={typed}
        onChange={(event) => tell.write(event.currentTarget.value)}
        onKeyDown={press}
      />
      <div ref={list} className={classes.list} id={listId} role="listbox" aria-label="What is found">
        {groups.map((group) => (
          // biome-ignore lint/a11y/useSemanticElements: a list box has groups, a fieldset is for fields
          <div key={group} role="group" aria-label={group}>
            <div className={classes.group} aria-hidden>
              {group}
            </div>
            {commands
              .filter((c) => c.group === group)
              .map((c) => (
                <UnstyledButton
                  key={c.id}
                  id={optionId(c)}
                  className={classes.option}
                  role="option"
                  aria-selected={c === selected}
                  tabIndex={-1}
                  onMouseDown={(event) => event.preventDefault()} // the field keeps the focus
                  onClick={() => run(c)}
                >
                  <c.icon className={classes.icon} size={18} stroke={1.6} aria-hidden />
                  <span className={classes.words}>
                    <span className={classes.title}>{c.title}</span>
                    {c.about && <span className={classes.about}>{c.about}</span>}
                  </span>
                  {c.keys && <Kbd keys={c.keys} together />}
                </UnstyledButton>
              ))}
          </div>
        ))}
      </div>
      <div role="status">
        {error ? (
          <p className={classes.none}>Objects could not be searched: {asProblem(error).text}</p>
        ) : null}
        {commands.length === 0 && !error && (
          <p className={classes.none}>{looking ? "Looking…" : "Nothing is called so."}</p>
        )}
      </div>
    </Modal>
  );
}
