/**
 * Sends changes one after the other, in the order in which they were asked for, however fast somebody is. A second change
 * of an object is to the version that the first one left: without that it would be taken for somebody else's.
 */
export class InOrder {
  private last: Promise<unknown> = Promise.resolve();
  private open = 0;
  private readonly versions = new Map<string, number>();

  /** True when nothing is on its way: what the factory says is the whole truth. */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Changes an object that was seen at a version. What `act` throws is thrown here; the changes behind it go on. */
  async change(
    id: string,
    seen: number,
    act: (version: number) => Promise<{ version: number }>,
  ): Promise<void> {
    this.open++;
    const done = this.last.then(async () => {
      const { version } = await act(Math.max(seen, this.versions.get(id) ?? 0));
      this.versions.set(id, version);
    });
    this.last = done.catch(() => undefined);
    try {
      await done;
    } finally {
      this.open--;
    }
  }
}
