import { ask, type Schemas } from "~/api/ask";
import type { Said } from "~/object/states";
import type { FormField } from "~/ui/form";

export type Agent = Schemas["Agent"];

// Signs of life are no facts: how an agent stands is looked at again and again.
export const agentsQuery = {
  ...ask("/api/v1/agents", { kinds: ["agent", "run"] }),
  refetchInterval: 3000,
};

export const agentsKey = ["/api/v1/agents"] as const;

/** How an agent stands, in the one vocabulary. */
export function agentState(a: Pick<Agent, "state">): Said {
  switch (a.state) {
    case "connected":
      return { state: "done", label: "connected" };
    case "draining":
      return { state: "held", label: "draining" };
    case "stopped":
      return { state: "waiting", label: "stopped" };
    case "lost":
      return { state: "failed", label: "lost" };
    case "expected":
      return { state: "waiting", label: "expected" };
    case "expired":
      return { state: "held", label: "its token expired" };
  }
}

/** What takes runs, in a sentence: the page's lead. */
export function inWords(list: readonly Pick<Agent, "state" | "slots">[], runners: number): string {
  const up = list.filter((a) => a.state === "connected");
  const slots = up.reduce((sum, a) => sum + a.slots, 0);
  const own =
    runners > 0
      ? `The factory itself runs ${runners} at once`
      : "The factory itself runs none: only agents take runs";
  if (up.length === 0)
    return runners > 0 ? `${own}; no agent is connected.` : `${own}, and none is connected.`;
  return `${own}; ${up.length === 1 ? "one agent is" : `${up.length} agents are`} connected with room for ${slots}.`;
}

/** The command that is typed on the machine; the host is that of this page where the factory listens on all. */
export function command(door: string, token: string, here: string): string {
  const port = door.slice(door.lastIndexOf(":") + 1);
  const host = door.slice(0, door.lastIndexOf(":"));
  const open = host === "" || host === "0.0.0.0" || host === "[::]";
  return `factory agent run --url https://${open ? here : host}:${port} --data agent --token ${token}`;
}

export const fields: readonly FormField[] = [
  {
    name: "name",
    label: "Name",
    hint: "Lower-case letters, digits and hyphens",
    placeholder: "build-1",
    check: (v) =>
      /^[a-z][a-z0-9-]{0,39}$/.test(v) ? null : "Begin with a letter; then letters, digits or hyphens.",
  },
];
