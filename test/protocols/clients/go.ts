import { join } from 'node:path';
import { goTool } from '../go-tool.ts';
import { type Check, type Clients, checked, output, type Ports } from './check.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

const PREDICT = {
  model_spec: { name: 'celsius' },
  inputs: {
    fahrenheit: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 2 }] }, float_val: [212, 98.6] },
  },
};
const INFER = {
  model_name: 'celsius',
  inputs: [{ name: 'fahrenheit', shape: [2], datatype: 'FP32', contents: { fp32_contents: [212, 98.6] } }],
};

/** A program that Go builds, of the version that is named: Go's own checksum database vouches for it. */
abstract class GoProgram implements Clients {
  abstract readonly name: string;
  abstract readonly version: string;
  abstract readonly module: string;
  #program = '';

  async prepare(): Promise<void> {
    const program = await goTool(ROOT, this.name, `${this.module}@v${this.version}`);
    if (program === undefined) throw new Error('no Go here');
    this.#program = program;
  }

  abstract check(ports: Ports): Promise<readonly Check[]>;

  protected run(...args: string[]): Promise<string> {
    return output(this.#program, args);
  }
}

export class Grpcurl extends GoProgram {
  readonly name = 'grpcurl';
  readonly version = '1.9.4';
  readonly module = 'github.com/fullstorydev/grpcurl/cmd/grpcurl';

  async check({ http, grpc }: Ports): Promise<readonly Check[]> {
    const call = async (port: number, method: string, request: object) => {
      const said = await this.run('-plaintext', '-d', JSON.stringify(request), `127.0.0.1:${port}`, method);
      return said.replaceAll(/\s/g, '');
    };
    const expect = (said: string, ...parts: string[]) => {
      for (const part of parts) if (!said.includes(part)) throw new Error(`${part} is not in: ${said}`);
      return undefined;
    };
    return [
      await checked('list, describe (by reflection)', async () => {
        const address = `127.0.0.1:${grpc}`;
        expect(
          await this.run('-plaintext', address, 'list'),
          ...['tensorflow.serving.PredictionService', 'tensorflow.serving.ModelService'],
          ...['inference.GRPCInferenceService', 'grpc.health.v1.Health'],
        );
        return expect(
          await this.run('-plaintext', address, 'describe', 'tensorflow.serving.PredictRequest'),
          'map<string, .tensorflow.TensorProto> inputs = 2',
        );
      }),
      await checked('PredictionService/Predict, on both ports', async () => {
        for (const port of [grpc, http])
          expect(await call(port, 'tensorflow.serving.PredictionService/Predict', PREDICT), '[100,37]');
        return undefined;
      }),
      await checked('GRPCInferenceService/ModelInfer', async () =>
        expect(await call(grpc, 'inference.GRPCInferenceService/ModelInfer', INFER), '[100,37]'),
      ),
      await checked('Health/Check', async () =>
        expect(await call(grpc, 'grpc.health.v1.Health/Check', {}), '"SERVING"'),
      ),
    ];
  }
}

export class HealthProbe extends GoProgram {
  readonly name = 'grpc-health-probe';
  readonly version = '0.4.62';
  readonly module = 'github.com/grpc-ecosystem/grpc-health-probe';

  async check({ grpc }: Ports): Promise<readonly Check[]> {
    return [
      await checked('-addr, as a kubelet would', async () => {
        await this.run(`-addr=127.0.0.1:${grpc}`);
        return undefined;
      }),
      await checked('-service of a name that is not there', async () => {
        const failed = await this.run(`-addr=127.0.0.1:${grpc}`, '-service=nobody').catch(() => undefined);
        if (failed !== undefined) throw new Error('it says that it is well');
        return 'refused';
      }),
    ];
  }
}
