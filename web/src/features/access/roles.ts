import type { Schemas } from "~/api/ask";

type Role = Schemas["CreateAccount"]["roles"][number];
type Scope = Schemas["CreateToken"]["scopes"][number];

/** What an account may be for, in the words of whoever gives it. */
export const roles: readonly { value: Role; name: string; about: string }[] = [
  { value: "member", name: "Member", about: "builds and runs what the own teams own" },
  { value: "product", name: "Product", about: "plans products, features and teams" },
  { value: "board", name: "Board", about: "sets vision and objectives, funds and decides" },
  { value: "platform", name: "Platform", about: "runs the factory: accounts, paths, every component" },
  { value: "auditor", name: "Auditor", about: "reads everything and changes nothing" },
];

/** What a token may be used for. */
export const scopes: readonly { value: Scope; name: string; about: string }[] = [
  { value: "git", name: "git", about: "clone and push" },
  { value: "registry", name: "registry", about: "pull images, with SBOM and provenance" },
  { value: "read", name: "read", about: "read through the API and the command line" },
  { value: "write", name: "write", about: "change through the API and the command line" },
  { value: "telemetry", name: "telemetry", about: "send OTLP metrics and events" },
  { value: "flags", name: "flags", about: "ask for feature flags over OFREP" },
];

const letters = "abcdefghijkmnpqrstuvwxyz23456789"; // 32 that are told apart by eye

/** A password to hand over: four groups of five, 100 bits. */
export function newPassword(random: (n: number) => Uint8Array = bytes): string {
  const all = [...random(20)].map((b) => letters[b % 32]).join("");
  return (all.match(/.{5}/g) ?? []).join("-");
}

function bytes(n: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(n));
}
