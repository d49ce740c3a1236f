import { lazy, Suspense, useSyncExternalStore } from "react";
import { styled } from "~/sheet";
import { watchMessages, withMessages } from "./say";

const Messages = lazy(styled(() => import("./Messages").then((m) => ({ default: m.Messages }))));

/** Holds the messages' place; their code is loaded with the first one. */
export function MessageCorner() {
  const wanted = useSyncExternalStore(watchMessages, withMessages);
  return wanted ? (
    <Suspense fallback={null}>
      <Messages />
    </Suspense>
  ) : null;
}
