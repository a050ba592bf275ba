import type { Client } from '../../engine/client.ts';
import { invalidArgument, RequestError } from '../../errors.ts';
import type { Call, UnaryMethod } from '../../grpc/call.ts';
import { unreadable } from '../../grpc/status.ts';
import { after } from '../../http/message.ts';
import { decode, encode } from '../../protobuf/codec.ts';
import {
  ClassificationRequest,
  ClassificationResponse,
  type Input,
  MultiInferenceRequest,
  MultiInferenceResponse,
  PredictionService,
  RegressionRequest,
  RegressionResponse,
} from '../../protobuf/definitions/tensorflow-serving.ts';
import type { Fields, Message, MessageType } from '../../protobuf/schema.ts';
import type { Deps } from '../deps.ts';
import { GrpcClient } from '../grpc-client.ts';
import { type Classification, classify, type ForExamples, regress } from './examples.ts';
import { checkSpec, findBySpec, type Spec } from './model-spec.ts';

const CLASSIFY = 'tensorflow/serving/classify';
const REGRESS = 'tensorflow/serving/regress';

/** PredictionService's calls for models that parse tf.Example themselves: Classify, Regress and MultiInference. */
export function examplesMethods({
  models,
  requestDeadlineMs,
}: Pick<Deps, 'models' | 'requestDeadlineMs'>): UnaryMethod[] {
  const clientOf = (call: Call) => new GrpcClient(call, requestDeadlineMs);
  const method = (name: keyof typeof PredictionService.methods, handle: UnaryMethod['handle']) => ({
    path: `/${PredictionService.name}/${name}`,
    handle,
  });
  return [
    method('Classify', (call) => {
      const { model_spec, input } = read(ClassificationRequest, call);
      const served = findBySpec(models, model_spec);
      const name = model_spec?.signature_name ?? '';
      return after(classify(served, name, examplesOf(input), clientOf(call)), (all) =>
        encode(ClassificationResponse, { result: classified(all), model_spec: specOf(served, name) }),
      );
    }),
    method('Regress', (call) => {
      const { model_spec, input } = read(RegressionRequest, call);
      const served = findBySpec(models, model_spec);
      const name = model_spec?.signature_name ?? '';
      return after(regress(served, name, examplesOf(input), clientOf(call)), (values) =>
        encode(RegressionResponse, { result: regressed(values), model_spec: specOf(served, name) }),
      );
    }),
    method('MultiInference', async (call) => {
      const { tasks, input } = read(MultiInferenceRequest, call);
      const specs = tasks.map(({ model_spec }) => checkSpec(model_spec));
      checkTasks(specs);
      const served = findBySpec(models, specs[0]); // for all, whatever versions the others name: as theirs has it
      return encode(MultiInferenceResponse, {
        results: await infer(served, { tasks, input }, clientOf(call)),
      });
    }),
  ];
}

/** The results of a MultiInference's tasks, in their order. */
export function infer(
  served: ForExamples,
  { tasks, input }: Message<typeof MultiInferenceRequest>,
  client: Client,
) {
  const examples = examplesOf(input);
  return Promise.all(
    tasks.map(async ({ model_spec, method_name }) => {
      const name = model_spec?.signature_name ?? '';
      const spec = { model_spec: specOf(served, name) };
      if (method_name === CLASSIFY) {
        const all = await classify(served, name, examples, client);
        return { ...spec, classification_result: classified(all) };
      }
      if (method_name !== REGRESS)
        throw new RequestError(
          'UNIMPLEMENTED',
          `Unsupported signature method_name: ${method_name.slice(0, 100)}`,
        );
      return { ...spec, regression_result: regressed(await regress(served, name, examples, client)) };
    }),
  );
}

function read<F extends Fields>(type: MessageType<F>, { message }: Call): Message<MessageType<F>> {
  try {
    return decode(type, message);
  } catch (error) {
    throw unreadable(error);
  }
}

/** @throws RequestError INVALID_ARGUMENT where tasks are for several models, or for one signature twice, or there are none */
function checkTasks(specs: readonly Spec[]): void {
  if (specs.length === 0) throw invalidArgument('ModelSpec has no name specified.');
  if (specs.some(({ name }) => name !== specs[0]?.name))
    throw invalidArgument('all tasks are to be for the same model');
  const signatures = specs.map(({ signature_name }) => signature_name);
  const twice = signatures.find((name, i) => signatures.indexOf(name) !== i);
  if (twice !== undefined)
    throw invalidArgument(`signature ${JSON.stringify(twice.slice(0, 100))} is asked for twice`);
}

/** What copies of a context may take, in bytes, as the codec has it for REST; by the size of all examples. */
const mostBytes = (sent: number) => Math.max(1 << 24, 8 * sent);

/**
 * Of two messages one after the other the later one's features win: so a context is put before each example.
 *
 * @throws RequestError INVALID_ARGUMENT where that would make too much of it
 */
export function examplesOf(input: Message<typeof Input> | undefined): readonly Buffer[] {
  const { example_list, example_list_with_context: whole } = input ?? {};
  if (whole === undefined) return example_list?.examples ?? [];
  const { examples, context } = whole;
  const sent = examples.reduce((bytes, { length }) => bytes + length, 0);
  if (examples.length * (context?.length ?? 0) > mostBytes(sent))
    throw invalidArgument('the context is too large for so many examples; send fewer of them at once');
  return context === undefined ? examples : examples.map((example) => Buffer.concat([context, example]));
}

function specOf({ name, version }: ForExamples, signature: string) {
  return { name, version: { value: BigInt(version) }, signature_name: signature || 'serving_default' };
}

function classified(all: readonly Classification[]) {
  return { classifications: all.map((classes) => ({ classes })) };
}

function regressed(values: readonly number[]) {
  return { regressions: values.map((value) => ({ value })) };
}
