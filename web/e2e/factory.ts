import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** One running factory with its own data, for one file of journeys. */
export interface Factory {
  url: string;
  /** what it wrote so far, for a failure's message */
  log: () => string;
  stop: () => Promise<void>;
}

/** Who can sign in after the story. */
export type Person = "pat" | "mara" | "ada" | "eva";

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
export async function boot(): Promise<Factory> {
  return begin(await mkdtemp(join(tmpdir(), "factory-journey-")));
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
  const [listen, gateway, otlp] = [await freeAddress(), await freeAddress(), await freeAddress()];
  const args = ["up", "--data", data, "--listen", listen, "--gateway", gateway, "--otlp", otlp, ...more];
  const child = spawn(bin, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const log = () => said.join("");
  const stop = async () => {
    await end(child);
    await rm(data, { recursive: true, force: true });
  };
  const url = `http://${listen}`;
  try {
    await answering(url, child, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, log, stop };
}

async function answering(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + patience;
  while (Date.now() < until) {
    if (child.exitCode !== null)
      throw new Error(`the factory ended with ${child.exitCode} before it answered:\n${log()}`);
    try {
      const answer = await fetch(url);
      await answer.text();
      if (answer.ok) return;
    } catch {
      // not listening yet
    }
    await pause(25);
  }
  throw new Error(`the factory did not answer within ${patience / 1000} s:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await gone;
  clearTimeout(hard);
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return `127.0.0.1:${address.port}`;
}
