import { IconRocket } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** What is on its way to customers: runs, releases, rollouts and incidents. */
export function DeliveryPage() {
  return (
    <Page title="Delivery" lead="What is on its way to customers: runs, releases, rollouts and incidents.">
      <Empty
        icon={IconRocket}
        title="Nothing is on its way"
        start={{ command: "factory component create engine-controller --team engine --template go-service" }}
      >
        A push to a component's repository starts a run; its artifact is rolled out step by step and decided
        by evidence. It begins with the first component:
      </Empty>
    </Page>
  );
}
