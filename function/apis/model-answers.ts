import { RequestError } from '../errors.ts';
import { type Answer, type HttpRequest, type HttpResponse, JSON_TYPE, jsonText } from '../http/message.ts';
import { HttpClient } from './client.ts';
import type { Deps, Served } from './deps.ts';

/** Has models answer bodies, and says of each answer and refusal by the header `x-model-version` which version it is of. */
export class ModelAnswers {
  readonly #requestDeadlineMs: number;
  /** By version: one array for all answers of a version. */
  readonly #headers = new Map<string, readonly string[]>();

  constructor({ requestDeadlineMs }: Pick<Deps, 'requestDeadlineMs'>) {
    this.#requestDeadlineMs = requestDeadlineMs;
  }

  /**
   * @param format see Runner.answer()
   * @throws RequestError as Runner.answer() does; a promise rejects with the same
   */
  answer(served: Served, format: number, request: HttpRequest): Answer {
    try {
      const client = new HttpClient(request, this.#requestDeadlineMs);
      const body = served.runner.answer(format, request.body, client);
      if (!(body instanceof Promise)) return this.text(served, body);
      return body.then(
        (late) => this.text(served, late),
        (error: unknown) => {
          throw refusalOf(served, error);
        },
      );
    } catch (error) {
      throw refusalOf(served, error);
    }
  }

  /** An answer in JSON that is about a version. */
  text({ version }: Served, body: string | Buffer): HttpResponse {
    let headers = this.#headers.get(version);
    if (headers === undefined) {
      headers = [...JSON_TYPE, 'x-model-version', version];
      this.#headers.set(version, headers);
    }
    return jsonText(body, headers);
  }
}

/** An error of a version's, which then says so; any other as it is. */
export function refusalOf({ version }: Served, error: unknown): unknown {
  if (!(error instanceof RequestError)) return error;
  const { code, message, retryAfterSeconds } = error;
  return new RequestError(code, message, { retryAfterSeconds, modelVersion: version });
}
