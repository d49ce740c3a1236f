import { SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import classes from "./Flag.module.css";
import {
  type Choice,
  choiceOf,
  chosen,
  type Environment,
  type Flag,
  flagsKey,
  forWhom,
  settingOf,
  will,
  wrongWith,
} from "./flag";

interface Props {
  flag: Flag;
  environment: Environment;
  /** what is chosen at first */
  to: Choice["state"];
  onClose: () => void;
}

const states = [
  { value: "off", label: "Off" },
  { value: "cohort", label: "For a cohort" },
  { value: "on", label: "On for everybody" },
];

/** Says for whom a flag shall be on in an environment, what that will do, and asks why. */
export function SetFlag({ flag, environment, to, onClose }: Props) {
  const [seen] = useState(flag); // what the choice began from, whatever arrives meanwhile
  const [choice, setChoice] = useState(() => choiceOf(settingOf(seen, environment), to));
  const queries = useQueryClient();
  const wrong = wrongWith(choice, settingOf(seen, environment));
  const change = (part: Partial<Choice>) => setChoice((c) => ({ ...c, ...part }));
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      needs="operate"
      title={`Switch ${seen.key} in ${environment}?`}
      will={wrong ? [wrong] : will(seen, environment, choice)}
      undo="It can be switched again at any time from here."
      action="Switch it"
      danger={environment === "production" && choice.state === "off"}
      ready={wrong === null}
      onConfirm={async (reason) => {
        await send(
          "post",
          "/api/v1/flags/{id}/switch",
          { id: seen.id },
          { version: seen.version, environment, reason, ...chosen(choice) },
        );
        await queries.invalidateQueries({ queryKey: flagsKey });
        void say(`${seen.key} is ${forWhom(chosen(choice))} in ${environment}.`);
      }}
    >
      <div className={classes.choose}>
        <SegmentedControl
          aria-label="For whom"
          data={states}
          value={choice.state}
          onChange={(state) => change({ state: state as Choice["state"] })}
          fullWidth
        />
        {choice.state === "cohort" && (
          <>
            <TextInput
              label="Percent of units"
              description="By a hash of the targeting key; whoever is in stays in while it grows"
              inputMode="decimal"
              value={choice.percent}
              onChange={(e) => change({ percent: e.currentTarget.value })}
            />
            <Textarea
              label="And by name"
              description="Targeting keys, one per line: customers or devices that get it in any case"
              autosize
              minRows={2}
              maxRows={6}
              value={choice.units}
              onChange={(e) => change({ units: e.currentTarget.value })}
            />
          </>
        )}
      </div>
    </ReasonDialog>
  );
}
