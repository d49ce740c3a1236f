import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, send } from "~/api/ask";
import { short } from "~/object/subject";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, textOf } from "~/ui/form";
import { say } from "~/ui/say";
import { type ChangeDetail, changeKey } from "./change";

const fields: readonly FormField[] = [
  {
    name: "verdict",
    label: "What do you think of it?",
    kind: "pick",
    options: [
      { value: "approve", label: "Approve it" },
      { value: "request-changes", label: "Ask for changes" },
      { value: "comment", label: "Only say something" },
    ],
  },
  {
    name: "body",
    label: "In words",
    hint: "Markdown. Remarks on a line are better made at the line, under “Files changed”.",
    kind: "text",
    check: (value, values) =>
      value.trim() === "" && values.verdict !== "approve" ? "Say what you think." : null,
  },
];

/** Gives a verdict on the head that is looked at. */
export function ReviewDialog({ change: c, onClose }: { change: ChangeDetail; onClose: () => void }) {
  const queries = useQueryClient();
  const [head] = useState(c.head);
  const lead = c.own
    ? `You pushed to ${c.branch}, so your approval would not count; somebody else's does.`
    : `It is given for ${short(head)}, the head of ${c.branch} that you see. When somebody pushes again, it must be given anew.`;
  return (
    <FormDialog
      title={`Review ${c.title}`}
      lead={lead}
      fields={fields}
      initial={{ verdict: c.own ? "comment" : "approve", body: "" }}
      draft={`review ${c.id}`}
      action="Give the review"
      onSend={async (v) => {
        const body = textOf(v.body);
        await send(
          "post",
          "/api/v1/changes/{id}/reviews",
          { id: c.id },
          {
            verdict: v.verdict as Schemas["GiveReview"]["verdict"],
            commit: head,
            ...(body ? { body } : {}),
          },
        );
        await queries.invalidateQueries({ queryKey: changeKey(c.id) });
        void say("Your review is given.");
      }}
      onClose={onClose}
    />
  );
}
