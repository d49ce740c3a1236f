import createClient from "openapi-fetch";
import { problemOf } from "./problem";
import type { paths } from "./schema";

const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * fetch with the rules of the factory's API: the session cookie goes along, a write carries the header that no other
 * site can send (the server's guard against forged requests), and an answer that is a no is thrown as a ProblemError.
 */
export async function request(input: Request): Promise<Response> {
  const headers = new Headers(input.headers);
  headers.set("Accept", "application/json, application/problem+json");
  if (!safe.has(input.method)) headers.set("X-Factory-Request", "1");
  const answer = await fetch(new Request(input, { headers, credentials: "same-origin" }));
  if (answer.ok) return answer;
  const body = await answer.text();
  throw problemOf(answer.status, parse(body), answer.headers.get("X-Request-Id") ?? "");
}

/** The typed client: api.GET("/api/v1/…", { params }). It throws a ProblemError, so `data` is there when it returns. */
export const api = createClient<paths>({ baseUrl: "/", fetch: request });

/** The same for one path that is known only at run time. An empty answer is null. */
export async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  const answer = await request(new Request(new URL(path, location.origin), init));
  return parse(await answer.text());
}

function parse(body: string): unknown {
  if (body === "") return null;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
