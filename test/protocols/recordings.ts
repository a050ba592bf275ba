import { isDeepStrictEqual } from 'node:util';
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { decode } from '../../function/protobuf/codec.ts';
import {
  GetModelMetadataResponse,
  ModelService,
  PredictionService,
  SignatureDefMap,
} from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { Any } from '../../function/protobuf/definitions/well-known.ts';
import { MessageType, map, one, rawOne } from '../../function/protobuf/schema.ts';

/** A call as it was recorded of TensorFlow Serving, one line of grpc.jsonl. */
export interface Recording {
  readonly id: string;
  /** Which server, in which state; within it `step` is the order. */
  readonly setup: string;
  readonly step?: number;
  readonly method: string;
  readonly request_base64: string;
  readonly deadline_ms?: number;
  readonly cancel_after_ms?: number;
  readonly compare: 'bytes' | 'proto' | 'one-of';
  readonly code: string;
  readonly message: string;
  readonly response_base64: string | null;
}

/** What a server answered. */
export interface Answered {
  readonly code: string;
  readonly message: string;
  readonly response: Buffer | undefined;
}

/** Where an answer is another than the recorded one; undefined where it is the same. Words of errors are each server's own. */
export function differenceOf(recording: Recording, answered: Answered): string | undefined {
  const { code, message, method, response_base64 } = recording;
  if (answered.code !== code)
    return `code ${answered.code} ${answered.message}, recorded: ${code} ${message}`;
  if (code === 'OK') {
    const expected = Buffer.from(response_base64 ?? '', 'base64');
    const type = responseOf(method);
    const [ours, theirs] = [opened(type, answered.response ?? Buffer.alloc(0)), opened(type, expected)];
    return isDeepStrictEqual(ours, theirs)
      ? undefined
      : `another message: ${show(ours)}, recorded: ${show(theirs)}`;
  }
  return undefined;
}

/** Makes a recorded call. */
export function sendRecording(client: Client, recording: Recording): Promise<Answered> {
  const { method, request_base64, deadline_ms, cancel_after_ms } = recording;
  const bytes = (value: Buffer) => value;
  return new Promise((resolve) => {
    const sent = client.makeUnaryRequest(
      method,
      bytes,
      bytes,
      Buffer.from(request_base64, 'base64'),
      new Metadata(),
      deadline_ms === undefined ? {} : { deadline: Date.now() + deadline_ms },
      (error: ServiceError | null, response) =>
        resolve({ code: status[error?.code ?? 0] ?? '', message: error?.details ?? '', response }),
    );
    if (cancel_after_ms !== undefined) setTimeout(() => sent.cancel(), cancel_after_ms);
  });
}

const HealthCheckResponse = new MessageType('grpc.health.v1.HealthCheckResponse', {
  status: one(1, 'int32'),
});

function responseOf(method: string): MessageType {
  for (const { name, methods } of [PredictionService, ModelService]) {
    for (const [call, { output }] of Object.entries(methods))
      if (method === `/${name}/${call}`)
        return output === GetModelMetadataResponse ? MetadataResponse : output;
  }
  if (method === '/grpc.health.v1.Health/Check') return HealthCheckResponse;
  throw new Error(`no answer is known of ${method}`);
}

/** A message with all that is in it read, so that what has no order is compared without one. */
function opened(type: MessageType, bytes: Buffer): Readonly<Record<string, unknown>> {
  return openedFields(type, decode(type, bytes));
}

function openedFields(type: MessageType, message: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      if (name === 'error_message') return [name, value !== '']; // whether there are words
      const inner = type.fields[name]?.type;
      if (!(inner instanceof MessageType)) return [name, value];
      const open = (part: unknown): unknown => {
        if (Buffer.isBuffer(part)) return opened(inner, part);
        return typeof part === 'object' && part !== null ? openedFields(inner, part) : part;
      };
      if (value instanceof Map) return [name, new Map([...value].map(([key, part]) => [key, open(part)]))];
      return [name, Array.isArray(value) ? value.map(open) : open(value)];
    }),
  );
}

/** What GetModelMetadata's Any holds is a message, too: said so here, where ours leaves it as bytes. */
const MetadataResponse = new MessageType('tensorflow.serving.GetModelMetadataResponse', {
  ...GetModelMetadataResponse.fields,
  metadata: map(
    2,
    new MessageType('google.protobuf.Any', { ...Any.fields, value: rawOne(2, SignatureDefMap) }),
  ),
});

function show(message: unknown): string {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Map ? Object.fromEntries(value) : value;
  };
  return JSON.stringify(message, plain).slice(0, 500);
}
