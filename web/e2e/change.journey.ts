import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { accessibility } from "./browser";
import { bootAfterStory } from "./factory";
import { enter, everybody, headed, part, row, settled, stage } from "./walk";

const on = stage(bootAfterStory);

const component = "engine-controller";
const title = "Say what a pilot does when the motor stays still";
const checked = 240_000; // ms for the pipeline's steps on a machine that does other things too

/** What of a diff is of one file. */
const ofFile = (page: Page, path: string) => page.getByRole("region", { name: path, exact: true });

async function ask(page: Page, method: "get" | "post", path: string, data?: unknown): Promise<unknown> {
  const answer = await page.request[method](path, { data, headers: { origin: on.factory.url } });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}

async function confirm(page: Page, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

it("makes a change, has it reviewed, and merges it when green, all in the browser", async () => {
  const eva = await enter(on, "eva", `/components/${component}`);
  let page = eva.page;
  page.on("dialog", (asked) => void asked.accept());
  await page.getByRole("link", { name: "Files", exact: true }).click();
  await page.getByRole("link", { name: "README.md" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const text = page.getByLabel("Text of README.md");
  const before = await text.inputValue();
  await text.fill(before.replace("\n\n", "\n\nA motor that stays still is tried once more.\n\n"));
  await page.reload();
  expect(await text.inputValue()).toContain("tried once more"); // what was written outlasts it
  await text.press("Control+Home");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  expect(await text.evaluate((el) => el === document.activeElement)).toBe(false); // no trap
  await everybody(page, "an edit");

  await page.getByRole("button", { name: "New file" }).click();
  await page.getByRole("dialog").getByLabel("Path").fill("docs/pilot.md");
  await confirm(page, "Write it");
  await page.getByLabel("Text of docs/pilot.md").fill("# Pilot\n\n1. Wait a second\n2. Start again\n");
  await part(page, "Not committed yet").getByRole("button", { name: "What differs in README.md" }).click();
  await part(page, "Not committed yet").getByText("A motor that stays still is tried once more.").waitFor();
  await page.getByRole("button", { name: "Commit 2 files" }).click();
  await page.getByLabel("What it does").fill(title);
  await page.getByLabel("Items").fill("ENG-2");
  await confirm(page, "Commit");
  await headed(page, title);
  await part(page, "What it still needs")
    .getByText(/^The check of/)
    .waitFor();
  await settled(page);
  await everybody(page, "a change");
  const path = new URL(page.url()).pathname;

  const pat = await enter(on, "pat", "/delivery");
  page = pat.page;
  await page.getByRole("link", { name: "Changes", exact: true }).click();
  await row(page, "Changes", title).waitFor();
  await everybody(page, "the list of changes");
  await row(page, "Changes", title).click();
  await page.getByRole("link", { name: /^Files changed/ }).click();
  const readme = ofFile(page, "README.md");
  await readme.getByRole("button", { name: "3", exact: true }).last().click();
  await readme.getByRole("button", { name: /^Comment c/ }).click();
  await readme
    .getByLabel("Comment on line 3 of README.md")
    .fill("How long is it tried? See `docs/pilot.md`.");
  await readme.getByRole("button", { name: "Comment", exact: true }).click();
  await readme.getByRole("button", { name: "Answer" }).waitFor();
  expect(new URL(page.url()).searchParams.get("at")).toBe("README.md:3"); // the line has a link
  await settled(page);
  await everybody(page, "the diff");
  await page.keyboard.press("Escape");
  await page.locator("body").press("j");
  await page.locator("body").press("j");
  const focused = () =>
    page.evaluate(() => document.activeElement?.closest<HTMLElement>("[data-file]")?.dataset.file);
  expect(await focused()).toBe("docs/pilot.md");
  await page.keyboard.press("n");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Lines 1 to 4");
  await page.getByRole("button", { name: "Review", exact: true }).click();
  await page.getByLabel("In words").fill("Clear. One question at the line.");
  await confirm(page, "Give the review");

  page = eva.page; // it is told without asking
  await part(page, "Conversation").getByText("Pat Lund approved it").waitFor();
  const thread = part(page, "Conversation")
    .getByRole("listitem")
    .filter({ hasText: "How long is it tried?" });
  await thread.getByRole("button", { name: "Answer" }).click();
  await thread.getByLabel("Answer").fill("A second, as it says there.");
  await thread.getByRole("button", { name: "Answer", exact: true }).click();
  await thread.getByText("A second, as it says there.").waitFor();
  await thread.getByRole("button", { name: "Settle it" }).click();
  await part(page, "Conversation")
    .getByText(/Eva Keller settled what Pat Lund began/)
    .waitFor();

  await page.getByRole("button", { name: /^Merge/ }).click();
  const lever = page.getByRole("dialog").getByRole("button", { name: /^Merge/ });
  await lever.click();
  await lever.waitFor({ state: "detached" });
  await part(page, "It is in the trunk").waitFor({ timeout: checked });
  await settled(page, title);
  await everybody(page, "a merged change");
  await part(page, "It is in the trunk").getByRole("link").first().click();
  await ofFile(page, "docs/pilot.md").getByText("Start again").waitFor();
  await settled(page, title);
  await everybody(page, "a commit with its diff");
  await page.goto("/changes?state=merged&mine=1");
  await row(page, "Changes", title).waitFor();
  expect(path).toMatch(/^\/changes\//);
  expect([...eva.wrongs, ...pat.wrongs]).toEqual([]);
}, 360_000);

it("shows both sides when somebody pushed what is being edited, and loses neither", async () => {
  const { page, wrongs } = await enter(on, "eva", `/components/${component}/files`);
  page.on("dialog", (asked) => void asked.accept());
  const commits = `/api/v1/components/${component}/commits`;
  const file = (content: string) => [{ path: "note.md", content }];
  const begun = (await ask(page, "post", commits, {
    branch: "both-sides",
    message: "Begin a note",
    files: file("first\nsecond\nthird\n"),
  })) as { commit: string };
  await page.goto(`/components/${component}/files?at=both-sides&path=note.md&edit=1`);
  await page.getByLabel("Text of note.md").fill("first\nmine\nthird\n");
  await ask(page, "post", commits, {
    branch: "both-sides",
    parent: begun.commit,
    message: "Push meanwhile",
    files: file("first\ntheirs\nthird\n"),
  });
  await page.getByRole("button", { name: "Commit 1 file" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What it does").fill("Correct the note");
  await dialog.getByLabel("Then").selectOption("Leave it on the branch");
  await dialog.getByRole("button", { name: "Commit", exact: true }).click();
  await dialog.getByText("so nothing was committed").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  const both = page.getByRole("alert", { name: "Both sides of note.md" });
  await both.getByText("theirs").waitFor();
  await both.getByText("mine", { exact: true }).waitFor();
  await everybody(page, "both sides");
  await both.getByRole("button", { name: "Write mine over it" }).click();
  expect(await dialog.getByLabel("What it does").inputValue()).toBe("Correct the note"); // the message is kept
  await confirm(page, "Commit");
  await page.getByText("Not committed yet").waitFor({ state: "detached" });
  const now = await ask(page, "get", `/api/v1/components/${component}/file?at=both-sides&path=note.md`);
  expect(now).toMatchObject({ content: "first\nmine\nthird\n" });
  expect(wrongs).toEqual([]);
});

it("leaves a change that is given up where it can be taken up again", async () => {
  const { page, wrongs } = await enter(on, "eva", "/changes");
  const api = `/api/v1/components/${component}`;
  await ask(page, "post", `${api}/commits`, {
    branch: "given-up",
    message: "Try something",
    files: [{ path: "try.md", content: "try\n" }],
  });
  const opened = (await ask(page, "post", `${api}/changes`, { branch: "given-up" })) as { id: string };
  await page.goto(`/changes/${encodeURIComponent(opened.id)}`);
  await headed(page, "Try something");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Try something else");
  await confirm(page, "Save");
  await headed(page, "Try something else");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await confirm(page, "Close it");
  await part(page, "It was closed").getByRole("button", { name: "Open it again" }).click();
  await part(page, "What it still needs").waitFor();
  expect(wrongs).toEqual([]);
});
