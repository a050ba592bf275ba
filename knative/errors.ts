import { ApiException } from '@kubernetes/client-node';
import { FatalError, messageOf } from '../function/errors.ts';

/** What was being done, for the message. */
export interface Doing {
  /** The API server's URL. */
  readonly server: string;
  readonly namespace: string;
  /** The Knative Service in question. */
  readonly name?: string;
}

/** Codes of node's sockets and undici that mean that nobody is there. */
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_(CONNECT_TIMEOUT|SOCKET))$/;
/** Codes of OpenSSL's certificate checks, as node names them. */
const UNTRUSTED = /CERT|^UNABLE_TO_|^ERR_TLS|^ERR_SSL|^EPROTO$/;

/** The system's code of an error, looked for along its causes (undici wraps it in "fetch failed"). */
export function codeOf(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
    if (e instanceof AggregateError && e.errors.length > 0) return codeOf(e.errors[0]);
  }
  return undefined;
}

/** The HTTP status of an error of the API client (its Watch says `statusCode`). */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof ApiException) return error.code;
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return undefined;
}

/** The API server's own sentence in a Status object, wherever the client left it. */
function apiMessage(error: unknown): string {
  const body: unknown = error instanceof ApiException ? error.body : undefined;
  const parsed = typeof body === 'string' ? parseJson(body) : body;
  if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
    return String(parsed.message).replace(/\s+/g, ' ').trim();
  }
  return typeof body === 'string' && body.trim() !== '' ? body.replace(/\s+/g, ' ').trim() : messageOf(error);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Any error of a conversation with the API server as one line that says what happened, where, what to do. */
export function explain(error: unknown, doing: Doing): FatalError {
  if (error instanceof FatalError) return error;
  const { server, namespace, name } = doing;
  const status = statusOf(error);
  const message = apiMessage(error);
  switch (status) {
    case undefined:
      break;
    case 401:
      return new FatalError(
        `the cluster at ${server} does not accept this user's credentials: log in again, or choose a user by --context`,
      );
    case 403:
      return new FatalError(
        `no rights for this at ${server}: ${message}: ask for a Role that allows it, or choose a user by --context`,
      );
    case 404:
      return new FatalError(notFound(error, message, doing));
    case 409:
      return new FatalError(
        `${name ?? 'the object'} in ${namespace} is also managed by someone else: ${message}: --force takes the fields over`,
      );
    default:
      return new FatalError(`the API server at ${server} refuses this (${status}): ${message}`);
  }
  const code = codeOf(error);
  if (code && UNTRUSTED.test(code)) {
    return new FatalError(
      `no trusted TLS with the cluster at ${server} (${code}): check its certificate-authority in the kubeconfig`,
    );
  }
  if (code && UNREACHABLE.test(code)) {
    return new FatalError(
      `no cluster answers at ${server} (${code}): start it, or choose another by --kubeconfig or --context`,
    );
  }
  return new FatalError(`talking to the cluster at ${server} failed: ${code ? `${code}: ` : ''}${message}`);
}

function notFound(error: unknown, message: string, { server, namespace, name }: Doing): string {
  // The object API asks for the list of a group's resources first and says so in its own message.
  const discovery = error instanceof Error && error.message.startsWith('Failed to fetch resource metadata');
  if (discovery || message.includes('the server could not find the requested resource')) {
    return (
      `no Knative Serving in the cluster at ${server} (API serving.knative.dev/v1): ` +
      'install it, see https://knative.dev/docs/install/, or choose another cluster by --context'
    );
  }
  if (/^namespaces? /.test(message)) {
    return `no namespace ${namespace} in the cluster at ${server}: kubectl create namespace ${namespace}`;
  }
  return (
    `no Knative Service ${name ?? ''} in namespace ${namespace} of the cluster at ${server}: ` +
    '`npm run knative -- deploy` makes one, --name and --namespace choose another'
  );
}
