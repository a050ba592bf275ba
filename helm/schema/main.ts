// npm run docs:charts: writes the charts' schemas, the server's options into values.yaml, and docs/wrong-values.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { files, HELM } from './files.ts';
import { wrongTable } from './wrong-table.ts';

for (const [file, text] of files()) writeFileSync(join(HELM, file), text);
writeFileSync(join(HELM, '../docs/wrong-values.md'), wrongTable(process.env.HELM || 'helm'));
