import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { type Check, type Clients, checked, type Ports } from './check.ts';

const Manifest = Compile(Type.Object({ version: Type.String() }));

/** What a user's own copy of the interface would say of one call. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  package inference;
  message Contents { repeated float fp32_contents = 6; }
  message Tensor { string name = 1; string datatype = 2; repeated int64 shape = 3; Contents contents = 5; }
  message Request { string model_name = 1; repeated Tensor inputs = 5; }
  message Response { string model_name = 1; repeated Tensor outputs = 5; }
`);
const Request = root.lookupType('inference.Request');
const Response = root.lookupType('inference.Response');

const ASKED = {
  modelName: 'celsius',
  inputs: [{ name: 'fahrenheit', datatype: 'FP32', shape: [2], contents: { fp32Contents: [212, 98.6] } }],
};

/** The gRPC library for Node, with messages by protobufjs. */
export class GrpcJs implements Clients {
  readonly name = '@grpc/grpc-js';
  readonly version: string;

  constructor() {
    const file = join(import.meta.dirname, '../../../node_modules/@grpc/grpc-js/package.json');
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    this.version = Manifest.Check(manifest) ? manifest.version : '?';
  }

  async prepare(): Promise<void> {}

  async check({ grpc }: Ports): Promise<readonly Check[]> {
    const client = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure());
    const infer = (asked: object, deadline = Date.now() + 60_000) =>
      new Promise<unknown>((resolve, reject) => {
        client.makeUnaryRequest(
          '/inference.GRPCInferenceService/ModelInfer',
          (message: object) => Buffer.from(Request.encode(Request.fromObject(message)).finish()),
          (bytes) => Response.toObject(Response.decode(bytes)),
          asked,
          new Metadata(),
          { deadline },
          (error: ServiceError | null, answer) => (error ? reject(error) : resolve(answer)),
        );
      });
    const right = (answer: unknown) => {
      const said = JSON.stringify(answer);
      if (!said.includes('"fp32Contents":[100,37]')) throw new Error(said);
    };
    try {
      return [
        await checked('makeUnaryRequest, 200 at once', async () => {
          for (const answer of await Promise.all(Array.from({ length: 200 }, () => infer(ASKED))))
            right(answer);
          return undefined;
        }),
        await checked('an error, and a deadline that is past', async () => {
          const codeOf = (call: Promise<unknown>) =>
            call.then(
              () => 'OK',
              (error: ServiceError) => status[error.code],
            );
          const codes = [
            await codeOf(infer({ ...ASKED, modelName: 'nobody' })),
            await codeOf(infer(ASKED, Date.now() - 1)),
          ].join();
          if (codes !== 'NOT_FOUND,DEADLINE_EXCEEDED') throw new Error(codes);
          return undefined;
        }),
      ];
    } finally {
      client.close();
    }
  }
}
