import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One running factory with its own data, for one file of journeys. */
export interface Factory {
  url: string;
  /** what it wrote so far, for a failure's message */
  log: () => string;
  stop: () => Promise<void>;
}

/** Who can sign in after the story. */
export type Person = "pat" | "mara" | "ada" | "eva" | "finn";

/** A factory in which the story was played. */
export interface Story extends Factory {
  passwords: Record<Person, string>;
}

const shipped = fileURLToPath(new URL("../../bin/factory", import.meta.url));
const patience = 20_000; // ms until it answers

/** Where `factory demo --exit --data DIR/data | tee DIR/told.txt` left the story that it played. */
const story = process.env.FACTORY_STORY ?? fileURLToPath(new URL("../../.cache/story", import.meta.url));

/** Where the story left its build caches, so that a pipeline after it runs as warm as it would in a factory that lives. */
const caches = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "factory");

/** Starts the shipped program (bin/factory, or FACTORY_BIN) on an empty temporary data directory and free ports. */
export async function boot(...more: string[]): Promise<Factory> {
  return begin(await mkdtemp(join(tmpdir(), "factory-journey-")), ...more);
}

/** Starts an agent, as another machine would, which joins a factory; it is ended by what is returned. */
export async function bootAgent(door: string, token: string): Promise<() => Promise<void>> {
  const data = await mkdtemp(join(tmpdir(), "factory-agent-"));
  const args = ["agent", "run", "--data", data, "--url", `https://${door}`, "--token", token];
  const child = spawn(process.env.FACTORY_BIN ?? shipped, args, { stdio: "ignore" });
  return async () => {
    await end(child);
    await rm(data, { recursive: true, force: true });
  };
}

/** Starts it on a copy of the data that the story left, with everybody's password. */
export async function bootAfterStory(): Promise<Story> {
  const told = await readFile(join(story, "told.txt"), "utf8").catch(() =>
    Promise.reject(
      new Error(
        `no story was played in ${story}: bin/factory demo --exit --data ${story}/data | tee ${story}/told.txt`,
      ),
    ),
  );
  const passwords = Object.fromEntries(
    [...told.matchAll(/login (\S+)\s+password (\S+)/g)].map(([, login, password]) => [login, password]),
  ) as Record<Person, string>;
  const data = await mkdtemp(join(tmpdir(), "factory-journey-"));
  await cp(join(story, "data", "factory"), data, { recursive: true, verbatimSymlinks: true });
  return { ...(await begin(data, "--cache", caches)), passwords };
}

async function begin(data: string, ...more: string[]): Promise<Factory> {
  const bin = process.env.FACTORY_BIN ?? shipped;
  await access(bin).catch(() =>
    Promise.reject(new Error(`there is no program at ${bin}: run make build first`)),
  );
  // It takes free ports itself and says which: a port that was free before it began may not be when it listens.
  const free = "127.0.0.1:0";
  const args = ["up", "--data", data, "--listen", free, "--gateway", free, "--otlp", free, ...more];
  const child = spawn(bin, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const log = () => said.join("");
  const stop = async () => {
    await end(child);
    await rm(data, { recursive: true, force: true });
  };
  try {
    return { url: await listening(child, log), log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address at which it says that it is, once it listens there. */
async function listening(child: ChildProcess, log: () => string): Promise<string> {
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const fail = (what: string) => reject(new Error(`the factory ${what}:\n${log()}`));
      late = setTimeout(fail, patience, `was not ready within ${patience / 1000} s`);
      child.once("exit", (code) => fail(`ended with ${code} before it was ready`));
      child.stdout?.on("data", () => {
        const [, url] = /^The factory is at (\S+)\n/m.exec(log()) ?? [];
        if (url) resolve(url);
      });
    });
  } finally {
    clearTimeout(late);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(hard);
}
