import { useQuery } from "@tanstack/react-query";
import { ask, type Schemas, send } from "~/api/ask";
import { asProblem, ProblemError } from "~/api/problem";
import { changeHref } from "~/object/subject";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, linesOf } from "~/ui/form";
import { say, sayProblem } from "~/ui/say";
import { branchFor, type Draft, editsOf, messageOf } from "./draft";

interface Props {
  component: Pick<Schemas["Component"], "name" | "team">;
  /** the branch that is edited; a new one when not given */
  branch: Schemas["Branch"] | undefined;
  /** names that branches have already */
  taken: readonly string[];
  draft: Draft;
  /** the edits on the head of now, or nothing when both sides must be looked at first */
  rebase: () => Promise<Draft | undefined>;
  /** it is committed; go on there */
  onDone: (to: { href: string }) => Promise<unknown>;
  onClose: () => void;
}

/** Commits what was edited, and opens a change for it. */
export function CommitDialog({ component: c, branch, taken, draft, rebase, onDone, onClose }: Props) {
  const items = useQuery(
    ask("/api/v1/items", { query: { team: c.team, state: "building", limit: 50 }, kinds: ["item"] }),
  );
  const opens = branch?.change === undefined;
  const fields: FormField[] = [
    {
      name: "title",
      label: "What it does",
      placeholder: "Retry the motor start once",
      check: given("Say in a line what it does."),
    },
    { name: "body", label: "Why", kind: "text" },
    {
      name: "items",
      label: "Items",
      hint: "What it is for, one per line, as ENG-1; their cards move by themselves",
      kind: "lines",
      quick: (values) =>
        (items.data?.items ?? [])
          .filter((i) => !linesOf(values.items).includes(i.id))
          .slice(0, 4)
          .map((i) => ({
            value: [...linesOf(values.items), i.id].join("\n"),
            label: `${i.id} ${i.title.length > 34 ? `${i.title.slice(0, 33)}…` : i.title}`,
          })),
    },
    ...(branch
      ? []
      : [
          {
            name: "branch",
            label: "New branch",
            hint: "Named after what it does, unless you write another",
            placeholder: "retry-start",
            half: opens,
            check: (value: string) =>
              taken.includes(value.trim()) ? "There is such a branch already." : null,
          },
        ]),
    ...(opens
      ? [
          {
            name: "open",
            label: "Then",
            kind: "pick" as const,
            half: !branch,
            options: [
              { value: "yes", label: "Open a change for it" },
              { value: "", label: "Leave it on the branch" },
            ],
          },
        ]
      : []),
  ];
  const commit = async (v: Readonly<Record<string, string>>) => {
    const title = v.title?.trim() ?? "";
    const name = branch?.name ?? (v.branch?.trim() || free(branchFor(title) || "change", taken));
    const post = async (d: Draft) =>
      send(
        "post",
        "/api/v1/components/{name}/commits",
        { name: c.name },
        {
          branch: name,
          ...(branch ? { parent: d.commit } : {}),
          message: messageOf(title, v.body ?? "", linesOf(v.items)),
          files: editsOf(d).map(({ path, edit }) => ({ path, content: edit.content })),
        },
      );
    // A new branch begins at the trunk of now, which may be further than what was read.
    const now = await rebase();
    if (!now)
      throw new ProblemError(
        "conflict",
        0,
        "Somebody changed it first",
        "A file that you edited was pushed meanwhile, so nothing was committed.",
        "Close this form: both sides stand on the page, to choose from. What you wrote here is kept.",
        [],
        "",
        null,
      );
    if (editsOf(now).length === 0) {
      void say("The branch has all of this already, so there is nothing to commit.");
      return;
    }
    const made = await post(now);
    if (v.open !== "yes" || made.change) {
      void say(`It is committed to ${made.branch}.`);
      await onDone({
        href: made.change
          ? changeHref(made.change)
          : `/components/${encodeURIComponent(c.name)}/files?at=${encodeURIComponent(made.branch)}`,
      });
      return;
    }
    try {
      const body = v.body?.trim();
      const opened = await send(
        "post",
        "/api/v1/components/{name}/changes",
        { name: c.name },
        { branch: made.branch, title, ...(body ? { body } : {}) },
      );
      await onDone({ href: changeHref(opened.id) });
    } catch (thrown) {
      // The commit is there; only the change is not.
      void sayProblem(asProblem(thrown));
      await onDone({
        href: `/components/${encodeURIComponent(c.name)}/files?at=${encodeURIComponent(made.branch)}`,
      });
    }
  };
  const n = editsOf(draft).length;
  return (
    <FormDialog
      title={`Commit ${n} ${n === 1 ? "file" : "files"}${branch ? ` to ${branch.name}` : ""}`}
      lead={
        branch
          ? "It goes by the rules of a push, and is checked."
          : "It goes to a branch of its own that begins at the trunk, and is checked there. Nothing of it is released before it is merged."
      }
      fields={fields}
      initial={{ title: "", body: "", items: "", branch: "", open: opens ? "yes" : "" }}
      draft={`commit ${c.name} ${branch?.name ?? ""}`}
      action="Commit"
      needs="build"
      onSend={commit}
      onClose={onClose}
    />
  );
}

/** A name that no branch has yet. */
function free(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  for (let n = 2; ; n++) if (!taken.includes(`${name}-${n}`)) return `${name}-${n}`;
}
