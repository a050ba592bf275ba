import type { ModelName } from './models.ts';

/** How a server is spoken to: the model's interface as this server has it. */
export interface Ask {
  readonly path: string;
  body(fahrenheit: readonly number[]): string;
  /** °C out of an answer's body. @throws {Error} when it is of another shape */
  celsius(answer: string): number[];
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export interface Image {
  readonly image: string;
  /** Port within the container. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly args: readonly string[];
}

/** One way to get a server that serves a model on a port; `spare` is another free one, should it need two. */
export type Launcher =
  | { readonly how: 'command'; launch(model: ModelName, port: number, spare: number): Command }
  | { readonly how: 'image'; launch(model: ModelName): Image }
  | { readonly how: 'url'; readonly origin: string };

/** What environment.json tells of a target; README.md explains the fields. */
export interface Facts {
  readonly version: string | null;
  readonly digest: string | null;
  readonly linkage: 'static' | 'shared' | null;
  readonly notes: string;
}

export interface Found {
  readonly launcher: Launcher;
  readonly facts: Facts;
}

/** Where targets are looked for; from the command line. */
export interface Where {
  readonly root: string;
  /** A tensorflow_model_server program; null: the one on PATH. */
  readonly tfServing: string | null;
  /** Images and URLs by target, which go before everything else. */
  readonly images: ReadonlyMap<string, string>;
  readonly urls: ReadonlyMap<string, string>;
  /** Tells of set-up that takes long. */
  say(line: string): void;
}

export interface Target {
  readonly id: string;
  readonly label: string;
  /** Targets with the same server differ only in how it is asked. */
  readonly server: string;
  readonly workers: number;
  /** Models it can serve. */
  readonly models: readonly ModelName[];
  /** False for the floor, which computes nothing: it only knows that 212 °F is 100 °C. */
  readonly computes: boolean;
  readonly ask: Ask;
  /** @returns how to start it, or in one line why it cannot be had */
  find(where: Where): Promise<Found | string>;
}
