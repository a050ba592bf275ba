import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../function/errors.ts';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** A memory cgroup for one server, in version 1 or 2, whichever the machine has. */
export class MemoryCgroup {
  readonly #folder: string;
  readonly #v2: boolean;

  private constructor(folder: string, v2: boolean) {
    this.#folder = folder;
    this.#v2 = v2;
  }

  /** @returns the cgroup, or why there cannot be one */
  static make(): MemoryCgroup | string {
    const v2 = existsSync(join(V2, 'cgroup.controllers'));
    const folder = join(v2 ? V2 : V1, `celsiusify-bench-${process.pid}`);
    try {
      mkdirSync(folder, { recursive: true });
      const cgroup = new MemoryCgroup(folder, v2);
      if (!existsSync(join(folder, cgroup.#limitFile))) {
        rmdirSync(folder);
        return 'no memory controller for new cgroups on this machine';
      }
      return cgroup;
    } catch (error) {
      return `no cgroup can be made: ${messageOf(error)}`;
    }
  }

  get #limitFile(): string {
    return this.#v2 ? 'memory.max' : 'memory.limit_in_bytes';
  }

  /** The file that a process writes its id to, to be limited. */
  get procs(): string {
    return join(this.#folder, 'cgroup.procs');
  }

  /** null: no limit. Pages of files count as long as this cgroup was the first to touch them. */
  limit(bytes: number | null): void {
    const none = this.#v2 ? 'max' : '-1';
    writeFileSync(join(this.#folder, this.#limitFile), bytes === null ? none : String(bytes));
    const swap = join(this.#folder, 'memory.swap.max');
    if (this.#v2 && existsSync(swap)) writeFileSync(swap, '0');
  }

  /** Whether the kernel has killed something in it for want of memory. */
  get killed(): boolean {
    const events = join(this.#folder, this.#v2 ? 'memory.events' : 'memory.oom_control');
    return /^oom_kill [1-9]/m.test(readFileSync(events, 'utf8'));
  }

  /** Takes it away; its last process may need a moment to be gone. */
  async remove(): Promise<void> {
    for (let tries = 50; tries > 0; tries--) {
      try {
        rmdirSync(this.#folder);
        return;
      } catch {
        await sleep(20);
      }
    }
  }
}
