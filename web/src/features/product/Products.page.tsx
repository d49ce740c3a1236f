import { IconBox } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** What customers get: each product with its features, what they should change and what they did. */
export function ProductsPage() {
  return (
    <Page
      title="Products"
      lead="What customers get: each product with its features, what they should change and what they did."
    >
      <Empty icon={IconBox} title="No products yet" start={{ command: "factory apply -f organisation/" }}>
        A product holds features. Each feature says which key result it should move, and shows here whether it
        did. An organisation written as YAML is taken over with
      </Empty>
    </Page>
  );
}
