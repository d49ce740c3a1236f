import { Anchor } from "@mantine/core";
import { asProblem } from "~/api/problem";

let wanted = false;
const watchers = new Set<() => void>();

export function withMessages(): boolean {
  return wanted;
}

export function watchMessages(changed: () => void): () => void {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

const closeButtonProps = { "aria-label": "Close the message" };

/** Says in the corner that something was done, with a way back where there is one. */
export async function say(text: string, undo?: () => void): Promise<void> {
  const notifications = await corner();
  const id = notifications.show({
    closeButtonProps,
    message: undo ? (
      <>
        {text}{" "}
        <Anchor
          component="button"
          type="button"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Anchor>
      </>
    ) : (
      text
    ),
  });
}

/** Says in the corner why something was not done; stays until it is closed. For what has no place of its own to say so. */
export async function sayProblem(error: unknown): Promise<void> {
  const p = asProblem(error);
  const notifications = await corner();
  notifications.show({
    closeButtonProps,
    color: "red",
    title: p.title,
    message: [p.text, p.next, p.id].filter(Boolean).join(" · "),
    autoClose: false,
  });
}

async function corner() {
  const { notifications } = await import("@mantine/notifications");
  if (!wanted) {
    wanted = true;
    for (const changed of watchers) changed();
  }
  return notifications;
}
