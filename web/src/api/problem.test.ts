import { describe, expect, it } from "vitest";
import { asProblem, fieldErrors, problemOf } from "./problem";

describe("problemOf", () => {
  it("keeps the API's words, the next thing to do, the fields and the identifier", () => {
    const p = problemOf(
      422,
      {
        type: "urn:factory:problem:invalid",
        detail: "the password has 6 characters and needs 12",
        next: "choose a longer one",
        errors: [{ location: "body.password", message: "has 6 characters, needs 12" }],
        instance: "req-7",
      },
      "from-header",
    );
    expect(p).toMatchObject({ kind: "invalid", next: "choose a longer one", id: "req-7" });
    expect(p.message).toBe("the password has 6 characters and needs 12");
    expect(fieldErrors(p)).toEqual({ password: "has 6 characters, needs 12" });
  });

  it.each([
    [401, "unauthenticated"],
    [403, "denied"],
    [404, "not-found"],
    [409, "conflict"],
    [418, "invalid"],
    [500, "internal"],
    [503, "unavailable"],
  ])("takes the kind from status %d when the body has none", (status, kind) => {
    const p = problemOf(status, "<html>", "h1");
    expect(p.kind).toBe(kind);
    expect(p.id).toBe("h1");
    expect(p.text).toContain(String(status));
  });
});

it("tells somebody who is not signed in from somebody who may not", () => {
  const body = { kind: "denied", detail: "you are not signed in" };
  expect(problemOf(401, body, "").kind).toBe("unauthenticated");
  expect(problemOf(403, body, "").kind).toBe("denied");
});

describe("asProblem", () => {
  it("tells no answer from a defect of the page", () => {
    expect(asProblem(new TypeError("Failed to fetch")).kind).toBe("offline");
    expect(asProblem(new Error("x is undefined")).kind).toBe("internal");
    expect(asProblem(problemOf(404, {}, "")).kind).toBe("not-found");
  });
});
