import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import type { Path } from "./path";

const list = (text: string | undefined) => (text ?? "").split(/[\s,]+/).filter((w) => w !== "");

/** Begins to bring what a path offers to all that was made from it. */
export function StartUpgrade({ path: p, late, onClose }: { path: Path; late: number; onClose: () => void }) {
  const queries = useQueryClient();
  const initial = useMemo(() => ({ cohorts: "1, 10%, 100%", first: "", failures: "10" }), []);
  return (
    <FormDialog
      title={`Bring ${p.name} ${p.version} to ${late} ${late === 1 ? "component" : "components"}`}
      lead="Each gets a change that merges the version with what its team made. What is green and keeps the component's rules is merged by itself; what conflicts waits for its team."
      needs="publish-path"
      fields={[
        {
          name: "cohorts",
          label: "Cohorts",
          hint: "How many have had their turn after each: a number of components, or percent",
        },
        {
          name: "first",
          label: "First",
          hint: "Components that come first; you can leave it out",
          half: true,
        },
        {
          name: "failures",
          label: "Failures",
          hint: "Percent of a cohort that may be red before it pauses",
          kind: "number",
          half: true,
        },
      ]}
      initial={initial}
      action="Start the upgrade"
      onClose={onClose}
      onSend={async (v) => {
        await send(
          "post",
          "/api/v1/paths/{name}/upgrades",
          { name: p.name },
          {
            version: p.version,
            cohorts: list(v.cohorts),
            ...(v.first ? { first: list(v.first) } : {}),
            failures: Number(v.failures),
          },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/upgrades"] });
        void say(`${p.name} ${p.version} is on its way.`);
      }}
    />
  );
}
