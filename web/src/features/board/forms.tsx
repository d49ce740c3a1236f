import { useMemo, useRef } from "react";
import type { Schemas } from "~/api/ask";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, linesOf, numberOf, textOf, type Values } from "~/ui/form";
import { initiativeBody, initiativeFields, initiativeValues, proposalFields } from "./initiativeForm";

interface Common {
  onClose: () => void;
}

/** The version to write over: that of the state a conflict has shown, else the one the form began with. */
function versionOf(over: unknown, began: number): number {
  const v = typeof over === "object" && over !== null ? (over as { version?: unknown }).version : undefined;
  return typeof v === "number" ? v : began;
}

const visionFields: readonly FormField[] = [
  {
    name: "text",
    label: "Vision",
    kind: "text",
    placeholder: "Grow our share of the drone market",
    hint: "One sentence that everything below serves.",
    check: given("Say it in a sentence."),
  },
];

export function VisionForm({ vision, onClose }: Common & { vision: Schemas["Vision"] | undefined }) {
  const initial = useMemo(() => ({ text: vision?.text ?? "" }), [vision]);
  return (
    <FormDialog
      needs="fund"
      title={vision ? "Change the vision" : "Set the vision"}
      fields={visionFields}
      initial={initial}
      draft="vision"
      action="Set the vision"
      onSend={(v, over) =>
        send(
          "put",
          "/api/v1/vision",
          {},
          { text: v.text ?? "", version: versionOf(over, vision?.version ?? 0) },
        )
      }
      theirs={(now) => ({ text: (now as Schemas["Vision"]).text })}
      onClose={onClose}
    />
  );
}

const objectiveFields: readonly FormField[] = [
  {
    name: "title",
    label: "Objective",
    placeholder: "Carry heavy loads",
    hint: "What shall be true; the key results say when it is.",
    check: given("Give it a title."),
  },
  { name: "owner", label: "Owner", placeholder: "Mara Holt" },
  { name: "description", label: "Why", kind: "text" },
];

const objectiveValues = (o: Partial<Schemas["Objective"]>): Values => ({
  title: o.title ?? "",
  owner: o.owner ?? "",
  description: o.description ?? "",
});

export function ObjectiveForm({
  objective,
  lead,
  onClose,
}: Common & { objective: Schemas["Objective"] | undefined; lead?: string }) {
  const initial = useMemo(() => objectiveValues(objective ?? {}), [objective]);
  return (
    <FormDialog
      needs="fund"
      title={objective ? "Change the objective" : "Add an objective"}
      lead={lead}
      fields={objectiveFields}
      initial={initial}
      draft={`objective ${objective?.id ?? "new"}`}
      action={objective ? "Save" : "Add the objective"}
      onSend={(v, over) => {
        const body = { title: v.title ?? "", owner: v.owner ?? "", description: v.description ?? "" };
        return objective
          ? send(
              "put",
              "/api/v1/objectives/{id}",
              { id: objective.id },
              { ...body, version: versionOf(over, objective.version) },
            )
          : send("post", "/api/v1/objectives", {}, body);
      }}
      theirs={(now) => objectiveValues(now as Schemas["Objective"])}
      onClose={onClose}
    />
  );
}

const keyResultFields: readonly FormField[] = [
  {
    name: "title",
    label: "Key result",
    placeholder: "Share of missions over 10 kg that succeed",
    check: given("Give it a title."),
  },
  {
    name: "query",
    label: "Query",
    kind: "text",
    placeholder: '100 * sum(rate(missions_total{outcome="success"}[5m])) / sum(rate(missions_total[5m]))',
    hint: "PromQL over what components send. The value is measured, never typed.",
    check: given("Say how it is measured."),
  },
  { name: "baseline", label: "From", kind: "number", half: true, hint: "Where it stands today." },
  {
    name: "target",
    label: "To",
    kind: "number",
    half: true,
    hint: "May be lower, where less is better.",
    check: (v) => (numberOf(v) === undefined ? "Write the target as a number." : null),
  },
  { name: "unit", label: "Unit", placeholder: "%", half: true },
  {
    name: "outcome.event",
    label: "Outcome event",
    group: "In experiments",
    half: true,
    placeholder: "missions",
    hint: "Rollouts compare versions by it, each customer once.",
  },
  {
    name: "outcome.where",
    label: "Only where",
    kind: "lines",
    half: true,
    placeholder: "payload=heavy",
    hint: "One attribute=value per line.",
  },
];

const keyResultValues = (k: Partial<Schemas["KeyResult"]>): Values => ({
  title: k.title ?? "",
  query: k.query ?? "",
  baseline: k.baseline === undefined ? "" : String(k.baseline),
  target: k.target === undefined ? "" : String(k.target),
  unit: k.unit ?? "",
  "outcome.event": k.outcome?.event ?? "",
  "outcome.where": Object.entries(k.outcome?.where ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join("\n"),
});

function keyResultBody(v: Values) {
  const event = textOf(v["outcome.event"]);
  const where = Object.fromEntries(
    linesOf(v["outcome.where"]).map((l) => {
      const at = l.indexOf("=");
      return at < 0 ? [l, ""] : [l.slice(0, at).trim(), l.slice(at + 1).trim()];
    }),
  );
  return {
    title: v.title ?? "",
    query: v.query ?? "",
    unit: v.unit ?? "",
    baseline: numberOf(v.baseline) ?? 0,
    target: numberOf(v.target) ?? 0,
    ...(event ? { outcome: { event, where } } : {}),
  };
}

/** Adds a key result to an objective, or changes one. */
export function KeyResultForm(
  props: Common & { objective: string; keyResult: Schemas["KeyResult"] | undefined },
) {
  const { objective, keyResult, onClose } = props;
  const initial = useMemo(() => keyResultValues(keyResult ?? {}), [keyResult]);
  return (
    <FormDialog
      needs="fund"
      title={keyResult ? "Change the key result" : "Add a key result"}
      fields={keyResultFields}
      initial={initial}
      draft={`key-result ${keyResult?.id ?? `of ${objective}`}`}
      action={keyResult ? "Save" : "Add the key result"}
      onSend={(v, over) =>
        keyResult
          ? send(
              "put",
              "/api/v1/key-results/{id}",
              { id: keyResult.id },
              { ...keyResultBody(v), version: versionOf(over, keyResult.version) },
            )
          : send("post", "/api/v1/key-results", {}, { ...keyResultBody(v), objective })
      }
      theirs={(now) => keyResultValues(now as Schemas["KeyResult"])}
      onClose={onClose}
    />
  );
}

/** Proposes an initiative; it begins in the funnel. */
export function ProposalForm({
  objectives,
  onClose,
  onDone,
}: Common & { objectives: readonly Schemas["Objective"][]; onDone: (id: string) => void }) {
  const fields = useMemo(() => proposalFields(objectives), [objectives]);
  const initial = useMemo(() => ({ objective: objectives[0]?.id ?? "" }), [objectives]);
  const made = useRef("");
  return (
    <FormDialog
      needs="fund"
      title="Propose an initiative"
      lead="It begins in the funnel. Each gate of the board asks for what it needs: the hypothesis, the scores, the business case."
      fields={fields}
      initial={initial}
      draft="initiative new"
      action="Propose"
      onSend={async (v) => {
        const { id } = await send(
          "post",
          "/api/v1/initiatives",
          {},
          { ...initiativeBody(v), objective: v.objective ?? "" },
        );
        made.current = id;
      }}
      onSent={() => onDone(made.current)}
      onClose={onClose}
    />
  );
}

/** Changes all that is said about an initiative. */
export function InitiativeForm(
  props: Common & { initiative: Schemas["Initiative"]; keyResults: readonly Schemas["KeyResult"][] },
) {
  const { initiative, keyResults, onClose } = props;
  const fields = useMemo(() => initiativeFields(keyResults), [keyResults]);
  const initial = useMemo(() => initiativeValues(initiative), [initiative]);
  return (
    <FormDialog
      needs="fund"
      wide
      title={`Change ${initiative.title}`}
      fields={fields}
      initial={initial}
      draft={`initiative ${initiative.id}`}
      action="Save"
      onSend={(v, over) =>
        send(
          "put",
          "/api/v1/initiatives/{id}",
          { id: initiative.id },
          { ...initiativeBody(v), version: versionOf(over, initiative.version) },
        )
      }
      theirs={(now) => initiativeValues(now as Schemas["Initiative"])}
      onClose={onClose}
    />
  );
}
