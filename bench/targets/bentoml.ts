import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { PythonServer } from './python-servers.ts';

/** BentoML with a process for each CPU: one makes use of little more than a CPU. */
export const bentomlServer: PythonServer = {
  name: 'bentoml',
  packages: ['bentoml', 'uvicorn', 'tensorflow-cpu'],
  argv: (bin, folder, port) => [
    join(bin, 'bentoml'),
    'serve',
    'app:Model',
    `--working-dir=${folder}`,
    '--host=127.0.0.1',
    `--port=${port}`,
  ],
  env: {
    WORKERS: String(availableParallelism()),
    BENTOML_DO_NOT_TRACK: 'true', // it tells nobody that it runs
  },
};
