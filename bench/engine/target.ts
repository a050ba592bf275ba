import type { Command } from '../targets/target.ts';
import type { Served } from './served.ts';

/** How a server that is here is started. */
export interface Program {
  /** What it is, for environment.json. */
  readonly version: string;
  /** Its name where that says the version; otherwise the target's. */
  readonly label?: string;
  /** SHA-256 of the program, or of the bundle that Node runs. */
  readonly digest: string;
  /** What its command does not say. */
  readonly notes?: string;
  command(model: Served, port: number, spare: number): Command;
}

/** A program that was built by whoever measures: only he knows how, and says it in a file of one line. */
export interface Newest {
  readonly file: string;
  readonly build: string | null;
}

export interface Where {
  readonly root: string;
  /** Another checkout of this project, set up: "before". */
  readonly against: string | null;
  readonly tfServing: string | null;
  /** A newer TensorFlow Serving beside that one, and how it was built. */
  readonly newest: Newest | null;
  /** More of this checkout's environment. */
  readonly env: Readonly<Record<string, string>>;
}

interface Common {
  readonly id: string;
  readonly label: string;
  /** Measured only where it is named. */
  readonly onlyWhenNamed: boolean;
  /** What its answers may differ by from Python's, as a share of the largest number. */
  readonly tolerance: number;
}

export interface ServerTarget extends Common {
  /** All answer REST; TensorFlow Serving and the floor gRPC, too; Celsiusify V2 besides. */
  readonly kind: 'celsiusify' | 'tf-serving' | 'python-server' | 'floor';
  /** What a cluster would ask it whether it is well. */
  probePaths(model: string): string[];
  /** @returns how to start it, or in one line why it cannot be had */
  find(where: Where): Promise<Program | string>;
}

/** TensorFlow in one thread of a Python process, without a server. */
export interface PythonTarget extends Common {
  readonly kind: 'python';
}

export type Target = ServerTarget | PythonTarget;
