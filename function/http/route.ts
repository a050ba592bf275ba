import type { RequestError } from '../errors.ts';
import type { HttpError } from './errors.ts';
import type { Answer, HttpRequest, HttpResponse } from './message.ts';

/** Paths that change while the server runs. */
export interface PathSet {
  has(path: string): boolean;
}

/** One route: a path by its exact text, one of a set, or a pattern, and what answers it. */
export interface Route {
  /** Its name in metrics and logs. */
  readonly name: string;
  readonly path: string | PathSet | RegExp;
  /** Methods that it answers; others get 405, or what `otherMethods` says. */
  readonly methods: readonly string[] | 'any';
  /**
   * @param path the URL without its query
   * @throws RequestError; a promise rejects with the same
   */
  readonly handle: (request: HttpRequest, path: string) => Answer;
  readonly otherMethods?: (request: HttpRequest) => RequestError;
}

/** Answers requests: those of node:http by handle(), those of the Fetch API by fetch(). */
export interface App {
  /** Never throws, never rejects. */
  handle(request: HttpRequest): Answer;
  /** Answers with an error that was found before the body was read. */
  refuse(request: HttpRequest, error: HttpError): HttpResponse;
  fetch(request: Request): Promise<Response>;
  readonly inFlight: number;
}
