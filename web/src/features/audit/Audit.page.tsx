import { IconShieldCheck } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** Every fact in order, who, when and why, chained so that nothing can be changed unseen. */
export function AuditPage() {
  return (
    <Page
      title="Audit"
      lead="Every fact in order, who, when and why, chained so that nothing can be changed unseen."
    >
      <Empty icon={IconShieldCheck} title="No facts read yet" start={{ command: "factory journal verify" }}>
        The journal is written by everything that happens. Prove on the machine itself that nothing in it was
        changed:
      </Empty>
    </Page>
  );
}
