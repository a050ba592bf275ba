// npm run docs:charts: writes the charts' schemas, and the server's options into values.yaml.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { files, HELM } from './files.ts';

for (const [file, text] of files()) writeFileSync(join(HELM, file), text);
