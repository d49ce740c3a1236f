import { IconTargetArrow } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** Where the company wants to go, what it bets on, and what the bets have changed. */
export function BoardPage() {
  return (
    <Page
      title="Board"
      lead="Where the company wants to go, what it bets on, and what the bets have changed."
    >
      <Empty
        icon={IconTargetArrow}
        title="No vision yet"
        start={{ command: "factory apply -f organisation/" }}
      >
        Here stand the objectives with their key results, measured and not typed, and the initiatives that
        should move them, ranked by what delay costs. An organisation written as YAML is taken over with
      </Empty>
    </Page>
  );
}
